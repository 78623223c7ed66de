/**
 * A Berth in the hub of a lab.
 *
 * @module
 */

import type { ApiClient } from "../../../cli/client/api_client.ts";
import type { Lab } from "../../../scripts/lab/lab.ts";
import { until } from "../until.ts";
import { type BerthProcess, startBerth } from "./berth_process.ts";

/**
 * Starts Berth, and waits until it answers.
 *
 * @param lab The lab.
 * @param env Its whole configuration.
 * @param client A client of it.
 * @throws {Error} If it ends instead, with the end of its log.
 */
export async function startHubBerth(
  lab: Lab,
  env: Readonly<Record<string, string>>,
  client: ApiClient,
): Promise<BerthProcess> {
  const berth = startBerth(env, undefined, [], (program, options) => lab.hubCommand(program, options));
  let isOver = false;
  berth.status.then(() => isOver = true);
  try {
    await until("the answer of Berth", async () => {
      if (isOver) throw new Error(`Berth ended:\n${berth.lines.slice(-30).join("\n")}`);
      return await client.call("listBots", { query: { limit: 1 } }).then(() => true, () => false);
    });
  } catch (error) {
    await berth.kill();
    throw error;
  }
  return berth;
}
