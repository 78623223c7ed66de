/**
 * Waits for ticks of bots on a cluster.
 *
 * @module
 */

import type { Tick, TickServer } from "./servers/tick_server.ts";
import { until } from "./until.ts";

/** Limit in ms, on a busy machine: a Swarm that loses its leader takes half a minute by itself. */
const LIMIT_MS = 120_000;

/** Waits for the ticks of bots. */
export class TickWaits {
  readonly #server: TickServer;
  readonly #bots: readonly string[];

  /** @param server Where they send their ticks. @param bots All that there are. */
  constructor(server: TickServer, bots: readonly string[]) {
    this.#server = server;
    this.#bots = bots;
  }

  /** Waits until every bot ticks. */
  async untilAll(): Promise<void> {
    const since = Date.now();
    let silent: readonly string[] = [];
    await until("ticks from all bots", async () => {
      const ticks = await this.#server.ticks();
      const seen = new Set(ticks.slice(firstAfter(ticks, since)).map(({ id }) => id));
      silent = this.#bots.filter((id) => !seen.has(id));
      return silent.length === 0;
    }, LIMIT_MS).catch((error) => {
      throw new Error(`${error.message}: none from ${silent.join(", ")}`);
    });
  }

  /**
   * Remembers the epochs of bots.
   *
   * @param bots Some of them.
   * @returns Waits until each has ticked from a later epoch, and gives the first such tick of each.
   */
  async remember(bots: readonly string[]): Promise<() => Promise<Tick[]>> {
    const before = await this.#server.ticks();
    const from = before.length;
    const epochs = new Map(before.map(({ id, epoch }) => [id, epoch]));
    return async () => {
      const first = new Map<string, Tick>();
      let read = from;
      await until(`the move of ${bots.join(", ")}`, async () => {
        const ticks = await this.#server.ticks();
        for (; read < ticks.length; read++) {
          const tick = ticks[read]!;
          if (tick.epoch > (epochs.get(tick.id) ?? 0) && !first.has(tick.id)) first.set(tick.id, tick);
        }
        return bots.every((id) => first.has(id));
      }, LIMIT_MS).catch((error) => {
        throw new Error(`${error.message}; missing: ${bots.filter((id) => !first.has(id)).join(", ")}`);
      });
      return bots.map((id) => first.get(id)!);
    };
  }
}

/** Index of the first tick after a time: they come in the order of time. */
function firstAfter(ticks: readonly Tick[], ms: number): number {
  let index = ticks.length;
  while (index > 0 && ticks[index - 1]!.at > ms) index--;
  return index;
}
