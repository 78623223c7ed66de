/**
 * Words about the states of bots.
 *
 * @module
 */

import type { StateHome } from "./snapshot_store.ts";
import { StateError } from "./state_error.ts";
import type { StateFolder } from "./state_folder.ts";

const MIB = 1024 * 1024;

/**
 * Describes the size of a state.
 *
 * @param bytes Its size.
 * @param maxBytes The size that it may have.
 */
export function describeStateUse(bytes: number, maxBytes: number): string {
  return `its state takes ${Math.ceil(bytes / MIB)} MB and may take ${Math.floor(maxBytes / MIB)} MB`;
}

/** The error of a bot that must not start because its state is too large. @param id Id of the bot. */
export function overLimit(id: string, bytes: number, maxBytes: number): StateError {
  return new StateError("over-limit", `'${id}' is not started: ${describeStateUse(bytes, maxBytes)}.`, {
    advice: `Raise 'max_mb' of its state, or go back to an earlier one with 'berth state restore ${id}'.`,
  });
}

/**
 * The error of a state that should be here and is not. An empty one in its place would make a bot trade as if it had no
 * positions.
 *
 * @param folder Where it was looked for.
 * @param home Where it was made; `undefined` if the bot never had one.
 */
export function missingState({ id, path }: StateFolder, home: StateHome | undefined): StateError {
  if (!home) {
    return new StateError("missing", `'${id}' has no state on this host.`, {
      advice: "A bot has one from its first start with 'state: true' in its bot-config.yaml.",
    });
  }
  const where = home.folder === path
    ? `is gone from '${path}'`
    : `is not in '${path}' but in '${home.folder}'`;
  return new StateError(
    "missing",
    `The state of '${id}' ${where} (instance '${home.instance}', since ${home.madeAt}).`,
    {
      advice: `Bring the folder back, restore the latest snapshot with 'berth state restore ${id}', ` +
        `or begin with an empty one: 'berth state restore ${id} --empty'.`,
    },
  );
}

/** The error of a state that a container writes to. @param id Id of the bot. */
export function inUse(id: string): StateError {
  return new StateError("in-use", `A container of '${id}' runs and writes to its state.`, {
    advice: "Stop it first.",
  });
}
