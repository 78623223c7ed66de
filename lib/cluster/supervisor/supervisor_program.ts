/**
 * The program that runs a bot in a container of a cluster. It is written in Go, so that an image needs no language of
 * its own for it; `deno task supervisor` builds it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { InvalidConfigError } from "../../errors.ts";
import { SUPERVISOR_FOLDER, type SupervisorFile } from "./supervisor_files.ts";

/** A kind of machine, as `uname -m` and Docker name it. */
export type Machine = "x86_64" | "aarch64";

/** The program for each kind of machine, compressed by gzip. */
export type MachinePrograms = Readonly<Record<Machine, Uint8Array>>;

/** Largest part of a program, in bytes: a config of a Swarm has less than 1,024,000. */
const MAX_PART_BYTES = 1_000_000;
const VERSION_LENGTH = 16;

/** The supervisor's program. */
export class SupervisorProgram {
  /** Version: each content has its own. */
  readonly version: string;
  /** The files with which a container brings the program along, by the kind of machine. */
  readonly parts: ReadonlyMap<string, readonly SupervisorFile[]>;

  /** @param programs The programs. */
  constructor(programs: MachinePrograms) {
    const hash = createHash("sha256");
    const parts = new Map<string, readonly SupervisorFile[]>();
    for (const [machine, program] of Object.entries(programs)) {
      hash.update(program);
      parts.set(machine, partsOf(machine, program));
    }
    this.version = hash.digest("hex").slice(0, VERSION_LENGTH);
    this.parts = parts;
  }
}

function partsOf(machine: string, program: Uint8Array): SupervisorFile[] {
  return Array.from({ length: Math.ceil(program.length / MAX_PART_BYTES) }, (_, index) => ({
    path: `${SUPERVISOR_FOLDER}/${machine}.${index}`,
    content: program.subarray(index * MAX_PART_BYTES, (index + 1) * MAX_PART_BYTES),
  }));
}

/**
 * Loads the program.
 *
 * @throws {InvalidConfigError} If it is not built.
 */
export async function loadSupervisorProgram(): Promise<SupervisorProgram> {
  try {
    // As text: Deno imports no other data yet. Only these forms of an import are part of a compiled program.
    const [x86, arm] = await Promise.all([
      import("./program/build/x86_64.txt", { with: { type: "text" } }),
      import("./program/build/aarch64.txt", { with: { type: "text" } }),
    ]);
    return new SupervisorProgram({
      x86_64: Uint8Array.fromBase64(x86.default),
      aarch64: Uint8Array.fromBase64(arm.default),
    });
  } catch {
    throw new InvalidConfigError([{
      path: "RUNNER",
      message:
        "is swarm, and the program for the Swarm's containers is not built: run 'deno task supervisor' first",
    }]);
  }
}
