/**
 * Creates the script that a container runs.
 *
 * @module
 */

import { runtimeOf, type ScriptFile } from "./code_entrypoint_factory.ts";
import { ENTRYPOINT_SCRIPT, RUNNER_FOLDER, WORKING_DIR } from "./container_layout.ts";
import type { Executable } from "./executable.ts";

/**
 * Creates `entrypoint.sh`. The script is POSIX sh, since images may lack bash. It replaces itself with the interpreter, so
 * that signals reach the bot. Its text never contains values of the bot.
 */
export class BashEntrypointFactory {
  /**
   * Creates the script.
   *
   * @param executable A validated executable.
   * @returns The script, for the runner's folder.
   * @throws {InvalidExecutableError} If the runtime is unknown.
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
