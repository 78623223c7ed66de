/**
 * The lines of bots that print `tick EPOCH NUMBER`, as Berth has stored them.
 *
 * @module
 */

import type { ApiClient } from "../../cli/client/api_client.ts";
import { searchLogs } from "../../cli/client/read_logs.ts";

/** The stored ticks of one bot. */
export interface StoredTicks {
  /** Numbers of the ticks of each epoch, in the order of the log. */
  readonly numbers: Map<number, number[]>;
  /** Berth's own remarks, in the order of the log. */
  readonly remarks: string[];
}

/**
 * Reads what is stored of bots; not what is only in their containers yet.
 *
 * @param client A client of Berth.
 * @param bots Ids of the bots.
 * @param from Only lines since then, in ms since 1970.
 */
export async function readStoredTicks(
  client: ApiClient,
  bots: readonly string[],
  from: number,
): Promise<Map<string, StoredTicks>> {
  const stored = new Map(bots.map((id) => [id, { numbers: new Map(), remarks: [] } as StoredTicks]));
  const query = {
    regex: "^(tick |berth: )",
    bots: bots.join(","),
    from: new Date(from).toISOString(),
    limit: 10_000,
  };
  for await (const { bot, text } of searchLogs(client, query, new AbortController().signal)) {
    const { numbers, remarks } = stored.get(bot)!;
    const [, epoch, number] = /^tick (\d+) (\d+)$/.exec(text) ?? [];
    if (epoch === undefined) remarks.push(text);
    else numbers.set(Number(epoch), [...numbers.get(Number(epoch)) ?? [], Number(number)]);
  }
  return stored;
}
