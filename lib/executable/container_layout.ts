/**
 * Paths inside a bot's container. Most are fixed by the outside contract.
 *
 * @module
 */

/** The script that the container runs. */
export const ENTRYPOINT_SCRIPT = "entrypoint.sh";

/**
 * Read-only folder of the runner's own files: script, wrapper and configuration. It lies outside of the code folder, so
 * that the code may use any name.
 */
export const RUNNER_FOLDER = "/berth";

/** File of the bot's configuration, relative to the runner's folder. */
export const CONFIG_FILE = "config.json";

/** File that says why the program is stopped, relative to the runner's folder; empty before. */
export const STOP_REASON_FILE = "stop_reason";

/**
 * Content of the script in the code folder, where the outside contract expects one. A bot's own script of that name
 * replaces it; the runner runs neither.
 */
export const OUTER_ENTRYPOINT = `#!/bin/sh
# Runs the bot as its container does.
exec /bin/sh ${RUNNER_FOLDER}/${ENTRYPOINT_SCRIPT}
`;

/** File that a program writes its result to, relative to the code folder. */
export const RESULT_FILE = "result.json";

/** Folder for the state of a program: in memory, unless the bot asks that its state is kept. */
export const STATE_MOUNT = "/state";

/** Folder in {@linkcode STATE_MOUNT} that a program keeps its state in. The entrypoint script creates it. */
export const STATE_DIR = `${STATE_MOUNT}/.the0-state`;

/** Folder in which the wrapper starts; `main` runs in the code folder. */
export const WORKING_DIR = "/tmp";

/**
 * Returns the path at which the code folder is mounted.
 *
 * @param entrypoint The program that runs.
 * @returns An absolute path in the container: `/bot` or `/backtest`.
 */
export function codeMountDir(entrypoint: "bot" | "backtest"): string {
  return `/${entrypoint}`;
}
