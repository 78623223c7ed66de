/**
 * Tells whether a file has changed since it was read, without reading it again.
 *
 * @module
 */

/**
 * A second change within this time, in ms, may leave the same times: file systems count time in ticks, and a busy
 * virtual machine may be late with one.
 */
const TICK_MS = 2000;

let fresh = 0;

/**
 * Names the version of a file. While the file is so new that a further change might not show, each call returns another
 * name, so that the caller reads it again.
 *
 * @param info The file, before it is read; `undefined` if there is none.
 * @param now The time, in ms since the epoch.
 * @returns A string to compare with that of another call.
 */
export function fileVersion(info: Deno.FileInfo | undefined, now: number = Date.now()): string {
  if (!info) return "missing";
  const { dev, ino, mode, size, mtime, ctime } = info;
  const version = [dev, ino, mode, size, mtime?.getTime(), ctime?.getTime()].join(":");
  const changedAt = (ctime ?? mtime)?.getTime() ?? now;
  return now - changedAt < TICK_MS ? `${version}:${++fresh}` : version;
}
