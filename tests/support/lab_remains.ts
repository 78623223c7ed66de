/**
 * The remains of a lab.
 *
 * @module
 */

import { basename } from "node:path";

/**
 * Finds the folder, processes and control groups of a lab that are there.
 *
 * @param folder Folder of the lab.
 */
export async function remainsOf(folder: string): Promise<string[]> {
  const name = basename(folder);
  const groups = await new Deno.Command("find", {
    args: ["/sys/fs/cgroup", "-type", "d", "-name", `*${name}*`],
  })
    .output();
  const pids = Array.from(Deno.readDirSync("/proc"), (entry) => entry.name).filter((pid) =>
    /^\d+$/.test(pid)
  );
  const commands = await Promise.all(
    pids.map((pid) => Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "")),
  );
  return [
    ...(await Deno.stat(folder).then(() => [folder], () => [])),
    ...commands.filter((command) => command.includes(folder)),
    ...new TextDecoder().decode(groups.stdout).split("\n").filter(Boolean),
  ];
}
