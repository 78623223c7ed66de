/**
 * Where things are inside a bot's container. Paths of the outside contract, in one place.
 *
 * @module
 */

/** The script that the container runs. */
export const ENTRYPOINT_SCRIPT = "entrypoint.sh";

/**
 * Folder of the runner's own files (script, wrapper, configuration), read-only. It is outside of the code folder, so
 * that no name there is reserved.
 */
export const RUNNER_FOLDER = "/berth";

/** File of the bot's configuration, relative to the runner's folder. */
export const CONFIG_FILE = "config.json";

/**
 * The script in the code folder, where the outside contract has it. A bot may bring one of its own, which has
 * precedence and which the runner does not run.
 */
export const OUTER_ENTRYPOINT = `#!/bin/sh
# Runs the bot as its container does.
exec /bin/sh ${RUNNER_FOLDER}/${ENTRYPOINT_SCRIPT}
`;

/** File in which a program leaves its result, relative to the code folder. */
export const RESULT_FILE = "result.json";

/** Folder for what a program wants to keep, in memory: nothing of it survives the container yet. */
export const STATE_MOUNT = "/state";

/** Where a program keeps its state, in {@linkcode STATE_MOUNT}. The entrypoint script makes it. */
export const STATE_DIR = `${STATE_MOUNT}/.the0-state`;

/** Folder in which the container's own program starts; `main` runs in the code folder. */
export const WORKING_DIR = "/tmp";

/**
 * Where the code folder is mounted.
 *
 * @param entrypoint Which program runs.
 * @returns An absolute path in the container: `/bot` or `/backtest`.
 */
export function codeMountDir(entrypoint: "bot" | "backtest"): string {
  return `/${entrypoint}`;
}
