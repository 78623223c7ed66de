/**
 * A file that shows that a process goes on working.
 *
 * @module
 */

import { dirname } from "node:path";
import { unlessMissing } from "./files.ts";

/** How often the file is touched, in ms. */
const INTERVAL_MS = 10_000;

/**
 * Path of the file of an instance. A health check looks at its time of change: it is at most half a minute old while
 * the process works.
 *
 * @param tempDir Absolute path of `TEMP_DIR`.
 * @param instance Name of the instance.
 */
export function aliveFileOf(tempDir: string, instance: string): string {
  return `${tempDir}/${instance}/alive`;
}

/**
 * Touches a file again and again while the event loop of this process runs: a frozen process, or one that is held up
 * by a computation, touches nothing.
 *
 * @param path Absolute path of the file; its folder is made again where a cleaner of temporary files removed it.
 * @param intervalMs How often, in ms.
 * @returns Dispose it at the end: the file is removed.
 */
export async function keepAliveFile(
  path: string,
  intervalMs: number = INTERVAL_MS,
): Promise<AsyncDisposable> {
  let isOver = false;
  let touching: Promise<void> = Promise.resolve();
  const touch = async () => {
    if (isOver) return;
    try {
      await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await Deno.writeTextFile(path, `pid ${Deno.pid}\n`, { mode: 0o600 });
    } catch {
      // A full disk stops no bot: the health check finds an old file.
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
