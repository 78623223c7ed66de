/**
 * Checks that an engine can run a program of an archive. Pure.
 *
 * @module
 */

import { InvalidArchiveError } from "../errors.ts";
import { type ElfProgram, platformProblem, readProgramHead } from "./program_head.ts";
import { escapeZipEntryName } from "./zip_entry_name.ts";

/** Requirements of a program. */
export interface ProgramRules {
  /** Operating system and architecture of the engine, for example `linux/amd64`. */
  readonly platform: string;
  /** Advice if it is no program. */
  readonly advice?: string | undefined;
}

const ADVICE =
  "Name a program that the compiler has built for Linux; a script runs with the runtime of its language, for example bash.";

/**
 * Checks a program.
 *
 * @param path Path of the file in the archive.
 * @param head Its first `PROGRAM_HEAD_BYTES` bytes.
 * @param rules See {@linkcode ProgramRules}.
 * @returns The program.
 * @throws {InvalidArchiveError} If it is no program, or one for another processor (`not-runnable`).
 */
export function checkProgram(path: string, head: Uint8Array, { platform, advice }: ProgramRules): ElfProgram {
  const refuse = (problem: string, todo: string) => {
    const name = escapeZipEntryName(path);
    return new InvalidArchiveError("not-runnable", `The archive's file '${name}' ${problem}. ${todo}`, name);
  };
  const program = readProgramHead(head);
  if ("problem" in program) throw refuse(program.problem, advice ?? ADVICE);
  const problem = platformProblem(program, platform);
  if (problem !== undefined) throw refuse(problem, `Build it for ${platform}.`);
  return program;
}
