/**
 * Finds the states that belong to a runner. They are no part of the library: the services of Berth look after them.
 *
 * @module
 */

import type { StateKeeper } from "../state/state_keeper.ts";

const known = new WeakMap<object, StateKeeper>();

/**
 * Connects a runner with the states of its bots.
 *
 * @param runner The runner.
 * @param states The states.
 */
export function setStatesOf(runner: object, states: StateKeeper): void {
  known.set(runner, states);
}

/**
 * Returns the states of a runner's bots.
 *
 * @param runner The runner.
 * @returns `undefined` if the runner keeps none.
 */
export function statesOf(runner: object): StateKeeper | undefined {
  return known.get(runner);
}
