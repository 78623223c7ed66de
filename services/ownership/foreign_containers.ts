/**
 * Containers of another document store that have this instance's name.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import type { ManagedContainer } from "../../lib/runner/runner.ts";

/** How many names a line of the log gives. */
const NAMED = 5;

/** Hides them from a service, and logs them once, not at every list. */
export class ForeignContainers {
  readonly #log: Logger;
  #said = "";

  /** @param log Where they are logged. */
  constructor(log: Logger) {
    this.#log = log;
  }

  /**
   * Keeps the containers that the service may act on.
   *
   * @param containers The containers in the list.
   * @returns Those of the service's own store.
   */
  leaveOut(containers: readonly ManagedContainer[]): ManagedContainer[] {
    const foreign = containers.filter(({ isForeign }) => isForeign);
    this.#say(foreign);
    return containers.filter(({ isForeign }) => !isForeign);
  }

  #say(foreign: readonly ManagedContainer[]): void {
    const names = foreign.map(({ containerName }) => containerName).sort();
    const said = names.join(" ");
    if (said === this.#said) return;
    this.#said = said;
    if (foreign.length === 0) return;
    this.#log.error("containers of another document store are left alone", {
      count: foreign.length,
      containers: [...names.slice(0, NAMED), ...(names.length > NAMED ? ["…"] : [])].join(", "),
      stores: [...new Set(foreign.map(({ store }) => store))].join(", "),
      advice:
        "if that store was moved or restored to here, run 'berth start --adopt' once; if not, correct DATA_DIR " +
        "or MONGO_URI, or choose another BERTH_INSTANCE",
    });
  }
}
