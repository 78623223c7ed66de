/**
 * Where things are inside a bot's container. Paths of the outside contract, in one place.
 *
 * @module
 */

/** The script that the container runs, in the root of the code folder. */
export const ENTRYPOINT_SCRIPT = "entrypoint.sh";

/** Folder of the runner's own files (wrapper, configuration) in the root of the code folder. */
export const RUNNER_FOLDER = ".berth";

/** File of the bot's configuration, relative to the code folder. */
export const CONFIG_FILE = `${RUNNER_FOLDER}/config.json`;

/** File in which a program leaves its result, relative to the code folder. */
export const RESULT_FILE = "result.json";

/** Names in the root of the code folder that an archive must not hold. */
export const RESERVED_NAMES: readonly string[] = [ENTRYPOINT_SCRIPT, RUNNER_FOLDER];

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
