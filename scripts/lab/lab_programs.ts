/**
 * The programs that a lab needs on the machine.
 *
 * @module
 */

import { fileURLToPath } from "node:url";

/** Folder of the repository's own programs, which `./berth` installs. */
const OWN_PROGRAMS = fileURLToPath(new URL("../../.berth/bin", import.meta.url));

/** The search path, with the folder that has the programs of a lab. */
export const LAB_PATH = `${OWN_PROGRAMS}:${Deno.env.get("PATH") ?? "/usr/bin:/bin"}:/usr/sbin:/sbin`;

const NEEDED = [
  ...["unshare", "nsenter", "setpriv", "setsid", "flock", "ip", "find", "bash", "python3"],
  ...["dockerd", "docker-init", "docker-registry", "minio", "ferretdb", "nats-server"],
];

/**
 * Says why there can be no lab here.
 *
 * @returns The thing that is missing; `undefined` where nothing is.
 */
export function findLabObstacle(): string | undefined {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return "root on Linux";
  const missing = NEEDED.filter((program) => !hasProgram(program));
  return missing.length > 0 ? `the programs ${missing.join(", ")}` : undefined;
}

/** Whether a program is there. @param program Its name. */
export function hasProgram(program: string): boolean {
  return new Deno.Command("sh", {
    args: ["-c", 'command -v "$0"', program],
    env: { PATH: LAB_PATH },
    stdout: "null",
    stderr: "null",
  }).outputSync().success;
}

/**
 * Runs a program to its end.
 *
 * @param program Its name.
 * @param args Its arguments.
 * @returns The text that it printed.
 * @throws {Error} If it fails, with what it said.
 */
export async function runProgram(program: string, ...args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args,
    env: { PATH: LAB_PATH },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${program} ${args.join(" ")}: ${decoder.decode(stderr).trim()}`);
  return decoder.decode(stdout);
}
