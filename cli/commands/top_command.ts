/**
 * `berth top`: shows what the containers use.
 *
 * @module
 */

import { systemClock } from "../../lib/util/clock.ts";
import type { Usage } from "../../services/contract/events.ts";
import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { usageRates, usageTable } from "../output/usage_table.ts";

/** Options of {@linkcode topCommand}. */
export interface TopOptions {
  /** Print one JSON array, once. */
  readonly json: boolean;
}

/** Time between two measurements, in ms. */
const INTERVAL_MS = { once: 1000, screen: 2000 } as const;
/** Moves to the upper left corner, and clears the screen from there on. */
const HOME = "\x1b[H\x1b[J";

/**
 * Shows CPU, memory and restarts: again and again on a screen, else once.
 *
 * @param options How to print.
 * @param context The command's context.
 */
export async function topCommand({ json }: TopOptions, context: CliContext): Promise<number> {
  const { env, signal, terminal } = context;
  using client = new ApiClient(serverOf(env));
  const measure = async () => (await client.call("getStats", {}, { signal })).containers;
  const isOnce = json || !terminal.isScreen;
  let before: readonly Usage[] = await measure();
  // The first load is there soon; later ones are means of a longer time.
  for (let waitMs: number = INTERVAL_MS.once;; waitMs = INTERVAL_MS.screen) {
    await systemClock.sleep(waitMs, signal);
    const now = await measure();
    const rates = usageRates(before, now);
    if (json) terminal.out(JSON.stringify(rates, null, 2));
    else if (rates.length === 0) terminal.note("No container runs. 'berth ps' says what the bots are doing.");
    else {
      const lines = usageTable(rates, { columns: terminal.columns });
      terminal.out(isOnce ? lines.join("\n") : HOME + lines.join("\n"));
    }
    if (isOnce || terminal.isClosed) return EXIT.ok;
    before = now;
  }
}
