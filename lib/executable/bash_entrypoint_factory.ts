/**
 * The script that a container runs.
 *
 * @module
 */

import { runtimeOf, type ScriptFile } from "./code_entrypoint_factory.ts";
import { ENTRYPOINT_SCRIPT, RUNNER_FOLDER, WORKING_DIR } from "./container_layout.ts";
import type { Executable } from "./executable.ts";

/**
 * Gives `entrypoint.sh`. It runs under bash, or under sh on images without it, so it is POSIX sh. It replaces
 * itself with the interpreter, so that signals reach the bot; nothing of the bot's is ever part of its text.
 */
export class BashEntrypointFactory {
  /**
   * Gives the file.
   *
   * @param executable A validated executable.
   * @returns The script, a file in the runner's folder.
   * @throws {InvalidExecutableError} If there is no such runtime.
   */
  create(executable: Executable): ScriptFile {
    const { interpreter, wrapperFile } = runtimeOf(executable);
    const text = `#!/bin/sh
# Runs the program described by the environment (SCRIPT_PATH, CONFIG_FILE, ID) with the wrapper of its language.
set -eu
cd ${WORKING_DIR}
[ -z "\${STATE_DIR:-}" ] || mkdir -p "$STATE_DIR" || :
exec ${interpreter} ${RUNNER_FOLDER}/${wrapperFile}
`;
    return { path: ENTRYPOINT_SCRIPT, text, mode: 0o755 };
  }
}
