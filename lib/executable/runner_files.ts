/**
 * The runner's own files for a container: the script, the wrapper of its language and the SDK.
 *
 * @module
 */

import { BashEntrypointFactory } from "./bash_entrypoint_factory.ts";
import { CodeEntrypointFactory, type ScriptFile } from "./code_entrypoint_factory.ts";
import type { Executable } from "./executable.ts";
import { SdkFactory } from "./sdk_factory.ts";

const FACTORIES = [new BashEntrypointFactory(), new CodeEntrypointFactory(), new SdkFactory()] as const;

/**
 * Creates the files that depend only on the runtime of an executable.
 *
 * @param executable A validated executable.
 * @returns The files, for the runner's folder.
 * @throws {InvalidExecutableError} If the runtime is unknown.
 */
export function runnerFiles(executable: Executable): ScriptFile[] {
  return FACTORIES.flatMap((factory) => factory.create(executable));
}
