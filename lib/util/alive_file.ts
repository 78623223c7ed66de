/**
 * A file that shows that a process is working.
 *
 * @module
 */

import { dirname } from "node:path";
import { unlessMissing } from "./files.ts";

/** How often the file is touched, in ms. */
const TOUCH_INTERVAL_MS = 10_000;

/**
 * Returns the path of an instance's file. A health check reads its time of change, which is at most half a minute old
 * while the process works.
 *
 * @param tempDir Absolute path of `TEMP_DIR`.
 * @param instance Name of the instance.
 */
export function aliveFileOf(tempDir: string, instance: string): string {
  return `${tempDir}/${instance}/alive`;
}

/**
 * Touches a file periodically while the event loop of this process runs. A process that is stopped or stuck in a
 * computation does not touch it.
 *
 * @param path Absolute path of the file. Its folder is created again if a cleaner of temporary files removes it.
 * @param intervalMs Interval, in ms.
 * @returns A handle. Dispose it to remove the file.
 */
export async function keepAliveFile(
  path: string,
  intervalMs: number = TOUCH_INTERVAL_MS,
): Promise<AsyncDisposable> {
  let isOver = false;
  let touching: Promise<void> = Promise.resolve();
  const touch = async () => {
    if (isOver) return;
    try {
      await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await Deno.writeTextFile(path, `pid ${Deno.pid}\n`, { mode: 0o600 });
    } catch {
      // A full disk must not stop bots: the health check finds an old file.
    }
  };
  await touch();
  const timer = setInterval(() => void (touching = touching.then(touch)), intervalMs);
  Deno.unrefTimer(timer);
  return {
    async [Symbol.asyncDispose]() {
      isOver = true;
      clearInterval(timer);
      await touching;
      await unlessMissing(Deno.remove(path)).catch(() => {});
    },
  };
}
