/**
 * How often each bot has ended by itself within the last hour.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import type { ExitHistory } from "./exit_history.ts";
import type { ServiceState } from "./service_state.ts";

/** Ends that are older do not count, in ms. */
const RECENT_MS = 60 * 60_000;
/** Largest number of ends that are counted for one bot. */
const MAX_EXITS = 1000;

/** Counts the ends. It records them as they happen, and reads earlier ones at the first question. */
export class RecentExits {
  readonly #history: Pick<ExitHistory, "readAll">;
  readonly #clock: Clock;
  /** Times of the ends by container, by bot. */
  readonly #exits = new Map<string, Map<string, number>>();
  #reading: Promise<void> | undefined;

  /** @param history The ends before this process began. @param clock The clock. */
  constructor(history: Pick<ExitHistory, "readAll">, clock: Clock) {
    this.#history = history;
    this.#clock = clock;
  }

  /** Counts what a service reports from now on. @param state The service's state. */
  watch(state: Pick<ServiceState, "subscribe" | "subscribeActivity">): void {
    state.subscribeActivity((activity) => {
      if (activity.type === "exited") this.#add(activity.id, activity.containerId, activity.at.getTime());
    });
    state.subscribe((id, bot) => {
      if (!bot) this.#exits.delete(id);
    });
  }

  /**
   * Counts the ends of all bots.
   *
   * @returns How often each has ended by itself within the last hour; bots that have not are absent.
   * @throws {StoreUnavailableError} If earlier ends cannot be read.
   */
  async count(): Promise<ReadonlyMap<string, number>> {
    await (this.#reading ??= this.#readEarlier());
    const counts = new Map<string, number>();
    for (const [id, exits] of this.#exits) {
      this.#drop(id, exits);
      if (exits.size > 0) counts.set(id, exits.size);
    }
    return counts;
  }

  async #readEarlier(): Promise<void> {
    try {
      for (const [id, exits] of await this.#history.readAll()) {
        for (const { containerId, at, reason } of exits) {
          if (!reason.startsWith("stopped: ")) this.#add(id, containerId, Date.parse(at));
        }
      }
    } catch (error) {
      this.#reading = undefined;
      throw error;
    }
  }

  #add(id: string, containerId: string, at: number): void {
    const exits = this.#exits.get(id) ?? new Map<string, number>();
    this.#exits.set(id, exits);
    // An exit may be reported again.
    if (!exits.has(containerId)) exits.set(containerId, at);
    this.#drop(id, exits);
  }

  #drop(id: string, exits: Map<string, number>): void {
    const since = this.#clock.now() - RECENT_MS;
    for (const [containerId, at] of exits) {
      if (at >= since && exits.size <= MAX_EXITS) continue;
      exits.delete(containerId);
    }
    if (exits.size === 0) this.#exits.delete(id);
  }
}
