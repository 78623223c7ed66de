/**
 * The program inside the container that calls the bot.
 *
 * @module
 */

import { InvalidExecutableError } from "../errors.ts";
import type { Executable } from "./executable.ts";
import { type Runtime, RUNTIMES } from "./runtimes.ts";

/** One file of the runner. */
export interface ScriptFile {
  /** Path relative to the runner's folder. */
  readonly path: string;
  /** Its text. */
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

/**
 * Gives the wrapper of an executable's language: the program that loads its script and calls `main(id, config)`, and
 * the files that it consists of.
 */
export class CodeEntrypointFactory {
  /**
   * Gives the files.
   *
   * @param executable A validated executable.
   * @returns The wrapper and the files that it loads, all in the runner's folder.
   * @throws {InvalidExecutableError} If there is no such runtime.
   */
  create(executable: Executable): ScriptFile[] {
    return Object.entries(runtimeOf(executable).wrapperFiles)
      .map(([path, text]) => ({ path, text, mode: 0o644 }));
  }
}

/**
 * The runtime of an executable.
 *
 * @param executable Names the runtime.
 * @returns Its entry in the table of runtimes.
 * @throws {InvalidExecutableError} If there is no such runtime.
 */
export function runtimeOf(executable: Pick<Executable, "runtime">): Runtime {
  const runtime = RUNTIMES.get(executable.runtime);
  if (runtime) return runtime;
  const known = [...RUNTIMES.keys()].join(", ");
  const message = `'${executable.runtime}' is not known; use one of ${known}`;
  throw new InvalidExecutableError([{ path: "runtime", message }]);
}
