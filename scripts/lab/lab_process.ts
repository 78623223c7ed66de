/**
 * The processes of a lab, which are found by their PID files.
 *
 * @module
 */

import { join } from "node:path";
import { until } from "../../tests/support/until.ts";

/**
 * Finds a process.
 *
 * @param folder Folder of the lab. A process of it has the folder on its command line, so a number that somebody else
 *   has by now is not taken for it.
 * @param file The PID file in it.
 * @returns Its number on this machine; `undefined` if it has ended.
 */
export function findProcess(folder: string, file: string): number | undefined {
  try {
    const pid = Number(Deno.readTextFileSync(join(folder, file)));
    // A zombie, or on its way from there out of the list of processes.
    const hasEnded = /\) [ZX]/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
    const command = Deno.readTextFileSync(`/proc/${pid}/cmdline`);
    // It is empty for a moment while a program takes the place of another.
    return hasEnded || command !== "" && !command.includes(folder) ? undefined : pid;
  } catch {
    return undefined;
  }
}

/**
 * Kills a process, and waits for its end.
 *
 * @param folder Folder of the lab.
 * @param file The PID file in it.
 */
export async function killProcess(folder: string, file: string): Promise<void> {
  const pid = findProcess(folder, file);
  if (pid === undefined) return;
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  await until(`the end of ${file}`, () => findProcess(folder, file) !== pid);
}
