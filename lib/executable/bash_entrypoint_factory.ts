/**
 * Creates the script that a container runs.
 *
 * @module
 */

import { runtimeOf, type ScriptFile } from "./code_entrypoint_factory.ts";
import { ENTRYPOINT_SCRIPT, WORKING_DIR } from "./container_layout.ts";
import type { Executable } from "./executable.ts";

/**
 * Creates `entrypoint.sh`. The script is POSIX sh, since images may lack bash. It replaces itself with the program, so
 * that signals reach the bot. Its text never contains values of the bot.
 */
export class BashEntrypointFactory {
  /**
   * Creates the script.
   *
   * @param executable A validated executable.
   * @returns The script, for the runner's folder; none if the container runs the image's own program.
   * @throws {InvalidExecutableError} If the runtime is unknown.
   */
  create(executable: Executable): ScriptFile[] {
    const { launch } = runtimeOf(executable);
    if (launch === undefined) return [];
    const text = `#!/bin/sh
# Runs the program described by the environment (SCRIPT_PATH, CONFIG_FILE, ID) as its runtime does.
set -eu
cd ${WORKING_DIR}
[ -z "\${STATE_DIR:-}" ] || [ -d "$STATE_DIR" ] || mkdir -p "$STATE_DIR" || :
${launch}`;
    return [{ path: ENTRYPOINT_SCRIPT, text, mode: 0o755 }];
  }
}
