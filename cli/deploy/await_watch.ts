/**
 * Follows the watch of a deployment, and shows how it ended.
 *
 * @module
 */

import { systemClock } from "../../lib/util/clock.ts";
import type { DeploymentWatchView } from "../../services/contract/code.ts";
import type { ApiClient } from "../client/api_client.ts";
import { formatDuration } from "../output/duration.ts";
import { printable, type Terminal } from "../output/terminal.ts";
import { findDeployment } from "./deploy_folder.ts";

/** Time between two looks, in ms. */
const POLL_MS = 500;

/**
 * Waits until the watch of a bot has ended.
 *
 * @param id Id of the bot.
 * @param client The client of the service.
 * @param context Where conditions are shown, and what ends the wait; the service continues the watch.
 * @returns How it ended; `undefined` if there is none, for example because the bot was removed with its data.
 */
export async function awaitWatch(
  id: string,
  client: ApiClient,
  { terminal, signal }: { readonly terminal: Terminal; readonly signal: AbortSignal },
): Promise<DeploymentWatchView | undefined> {
  while (true) {
    const found = await findDeployment(client, id, signal);
    const { watch, progress } = found ?? {};
    if (!watch || !["watching", "going-back"].includes(watch.state)) {
      terminal.transient("");
      return watch;
    }
    const left = formatDuration(Math.max(0, Date.parse(watch.until) - Date.now()));
    terminal.transient(printable(`${id}: ${progress?.condition ?? "unknown"}; watched for ${left} more`));
    await systemClock.sleep(POLL_MS, signal);
  }
}

/**
 * Shows how a watch has ended.
 *
 * @param id Id of the bot.
 * @param watch The watch; `undefined` if it is gone.
 * @param terminal Where it is shown.
 */
export function showWatch(id: string, watch: DeploymentWatchView | undefined, terminal: Terminal): void {
  const { state = "overtaken", revision, reason = "the bot is gone", restored, from, until } = watch ?? {};
  const say = (text: string) => terminal.note(printable(`berth: ${text}`));
  switch (state) {
    case "well":
      terminal.out(
        printable(`${id} has done well for ${formatDuration(Date.parse(until!) - Date.parse(from!))}`),
      );
      return;
    case "went-back":
      say(`${id} does not run with revision ${revision}: ${reason}.`);
      say(`The service has gone back to revision ${restored}. 'berth logs ${id}' says why.`);
      return;
    case "broken":
      say(`${id} does not run with revision ${revision}, and the service could not go back: ${reason}`);
      return;
    default:
      say(`The watch of ${id} has ended: ${reason}.`);
  }
}
