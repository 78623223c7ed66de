/**
 * The namespaces of a lab: its network with nothing plugged in, and machines that start in it.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../../tests/support/until.ts";
import { findProcess, killProcess } from "./lab_process.ts";
import { LAB_PATH, runProgram } from "./lab_programs.ts";

/** Address of the hub, in every lab: labs do not see each other. */
export const HUB = "10.77.0.254";
/** The hub's address in a second network, which no fault but a power cut cuts: the world outside of the cluster. */
export const OUTSIDE = "10.78.0.254";
/** Where the registry of the images is. */
export const REGISTRY = `${HUB}:5000`;

/** How long a lab lives: as long as this process, or until it is taken down. */
export type LabLife = "process" | "down";

const SCRIPTS = fileURLToPath(new URL(".", import.meta.url));
const PID_FILE = "pid";
const YOUNG_MS = 60_000;
const START_LIMIT_MS = 60_000;

/** The space. Everything in it ends with {@linkcode LabSpace.close}. */
export class LabSpace {
  /** Folder of its state. */
  readonly folder: string;
  readonly #pid: number;
  readonly #keeper: Deno.ChildProcess | undefined;

  private constructor(folder: string, pid: number, keeper?: Deno.ChildProcess) {
    this.folder = folder;
    this.#pid = pid;
    this.#keeper = keeper;
  }

  /**
   * Makes a space.
   *
   * @param folder Folder of its state, which is made, and removed at the end.
   * @param life How long it lives.
   */
  static async open(folder: string, life: LabLife): Promise<LabSpace> {
    await Deno.mkdir(folder, { recursive: true });
    const args = [
      ...(life === "down" ? ["--fork"] : []),
      ...["sh", join(SCRIPTS, "keeper.sh"), folder, cgroupOf(folder), life === "process" ? "input" : "down"],
    ];
    const log = join(folder, "log");
    const keeper = new Deno.Command("sh", {
      args: ["-c", 'log=$1; shift; exec setsid "$@" >"$log" 2>&1', "sh", log, ...args],
      env: { PATH: LAB_PATH },
      stdin: life === "process" ? "piped" : "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    let isOver = false;
    if (life === "process") keeper.status.then(() => isOver = true);
    try {
      await until("the start of the lab", () => {
        if (isOver) throw new Error("The lab ended at its start");
        return findProcess(folder, PID_FILE) !== undefined;
      }, START_LIMIT_MS);
    } catch (error) {
      const said = await Deno.readTextFile(log).catch(() => "");
      if (life === "process") await keeper.stdin.close().catch(() => {});
      throw new Error(`No lab can be made here: ${said.trim() || (error as Error).message}`);
    }
    return new LabSpace(folder, findProcess(folder, PID_FILE)!, life === "process" ? keeper : undefined);
  }

  /**
   * Finds the space of a folder.
   *
   * @param folder Folder of its state.
   * @returns The space; `undefined` if none is there.
   */
  static find(folder: string): LabSpace | undefined {
    const pid = findProcess(folder, PID_FILE);
    return pid === undefined ? undefined : new LabSpace(folder, pid);
  }

  /**
   * A command that runs in the network of the hub. It sees files, sockets and processes of the machine, and takes
   * signals as any other.
   *
   * @param program The program.
   * @param options How it runs.
   */
  hubCommand(program: string, options: Deno.CommandOptions = {}): Deno.Command {
    return new Deno.Command("nsenter", {
      ...options,
      args: [`--net=/proc/${this.#pid}/ns/net`, program, ...options.args ?? []],
    });
  }

  /** Changes the network of the hub. @param args Arguments of `ip`. */
  async changeNetwork(...args: string[]): Promise<void> {
    await runProgram("nsenter", `--net=/proc/${this.#pid}/ns/net`, "ip", ...args);
  }

  /**
   * Starts a program in the space, which ends with it.
   *
   * @param name Name of its files: NAME.pid and NAME.log.
   * @param command The program and its arguments.
   * @param env Its environment.
   */
  async start(name: string, command: readonly string[], env: Record<string, string> = {}): Promise<void> {
    const file = join(this.folder, name);
    // /proc is the machine's there, so the number is, too.
    const script = 'read -r pid _ </proc/self/stat; echo "$pid" >"$0.pid"; exec "$@" >>"$0.log" 2>&1';
    await this.#launch(["sh", "-c", script, file, ...command], env);
    await until(
      `the start of ${name}`,
      () => findProcess(this.folder, `${name}.pid`) !== undefined,
      START_LIMIT_MS,
    );
  }

  /**
   * Switches a machine on.
   *
   * @param number Its number, from 1.
   * @param images Folder of the images.
   */
  async startNode(number: number, images: string): Promise<void> {
    await Deno.remove(join(this.folder, nodePid(number))).catch(() => {});
    await this.#launch([
      ...["unshare", "--net", "--mount", "--uts", "--pid", "--fork", "--propagation", "private"],
      ...["sh", join(SCRIPTS, "node.sh"), this.folder, String(number), images, cgroupOf(this.folder)],
    ]);
  }

  /** Switches a machine off, as a power cut does. @param number Its number. */
  async stopNode(number: number): Promise<void> {
    await killProcess(this.folder, nodePid(number));
  }

  /** Ends the space with all that is in it, and waits until nothing is left. */
  async close(): Promise<void> {
    if (this.#keeper) await this.#keeper.stdin.close().catch(() => {});
    else await killProcess(this.folder, PID_FILE);
    await this.#keeper?.status;
    await until("the end of the lab", () => !exists(this.folder), START_LIMIT_MS);
  }

  async #launch(command: readonly string[], env: Record<string, string> = {}): Promise<void> {
    const of = (kind: string) => `--${kind === "mnt" ? "mount" : kind}=/proc/${this.#pid}/ns/${kind}`;
    // nsenter stops itself beside a child that is stopped, and a lab does not end before it: it is gone once the child runs.
    const { success } = await new Deno.Command("nsenter", {
      args: [of("net"), of("mnt"), of("pid"), "setsid", "--fork", ...command],
      env: { PATH: LAB_PATH, ...env },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    if (!success) throw new Error(`Cannot start ${command[0]} in the lab`);
  }
}

/**
 * Removes what is left of labs that were killed together with those who would have cleared them away.
 *
 * @param root Folder of the labs.
 * @param name Only this one, even if it is young.
 */
export async function clearRemains(root: string, name?: string): Promise<void> {
  if (!exists(root)) return;
  for await (const entry of Deno.readDir(root)) {
    const folder = join(root, entry.name);
    const lock = await Deno.stat(join(folder, "lock")).catch(() => undefined);
    if (!lock || name !== undefined && entry.name !== name) continue;
    // Its keeper may not have taken the lock yet.
    if (name === undefined && Date.now() - lock.mtime!.getTime() < YOUNG_MS) continue;
    // A living lab holds the lock.
    await new Deno.Command("flock", {
      args: ["-n", join(folder, "lock"), "sh", join(SCRIPTS, "clear.sh"), folder, cgroupOf(folder)],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
  }
}

/** The file in a lab's folder that has the number of a machine's first process. @param number Number of the node. */
export function nodePid(number: number): string {
  return `node-${number}/pid`;
}

/** Name of the control groups of a lab. @param folder Folder of its state. */
export function cgroupOf(folder: string): string {
  return `berth-lab-${folder.split("/").at(-1)}`;
}

/** Whether something is there. @param path Its path. */
export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}
