/**
 * Creates the wrapper: the program inside the container that calls the bot.
 *
 * @module
 */

import { InvalidExecutableError } from "../errors.ts";
import type { Executable } from "./executable.ts";
import { type Runtime, RUNTIMES } from "./runtimes.ts";

/** A file for the runner's folder. */
export interface ScriptFile {
  /** Path relative to the runner's folder. */
  readonly path: string;
  /** Content. */
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

/**
 * Creates the wrapper of an executable's language, which loads the script and calls `main(id, config)`.
 */
export class CodeEntrypointFactory {
  /**
   * Creates the files of the wrapper.
   *
   * @param executable A validated executable.
   * @returns The wrapper and the files that it loads, all for the runner's folder.
   * @throws {InvalidExecutableError} If the runtime is unknown.
   */
  create(executable: Executable): ScriptFile[] {
    return Object.entries(runtimeOf(executable).wrapperFiles)
      .map(([path, text]) => ({ path, text, mode: 0o644 }));
  }
}

/**
 * Looks up the runtime of an executable.
 *
 * @param executable Names the runtime.
 * @returns The entry in the table of runtimes.
 * @throws {InvalidExecutableError} If the runtime is unknown.
 */
export function runtimeOf(executable: Pick<Executable, "runtime">): Runtime {
  const runtime = RUNTIMES.get(executable.runtime);
  if (runtime) return runtime;
  const known = [...RUNTIMES.keys()].join(", ");
  const message = `'${executable.runtime}' is not known; use one of ${known}`;
  throw new InvalidExecutableError([{ path: "runtime", message }]);
}
