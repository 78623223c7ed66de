/**
 * `berth restart`: stops the containers of bots, and starts new ones.
 *
 * @module
 */

import { ApiClient, ApiError, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";

/** Options of {@linkcode restartCommand}. */
export interface RestartOptions {
  /** Ids of the bots. */
  readonly ids: readonly string[];
  /** Print one JSON array. */
  readonly json: boolean;
}

/**
 * Asks the service for restarts. One that is refused does not keep the others from being asked for.
 *
 * @param options Which bots.
 * @param context The command's context.
 * @returns 1 if a restart was refused.
 */
export async function restartCommand(
  { ids, json }: RestartOptions,
  { env, signal, terminal }: CliContext,
): Promise<number> {
  using client = new ApiClient(serverOf(env));
  const outcomes: { readonly id: string; readonly restarting: boolean; readonly problem?: string }[] = [];
  for (const id of new Set(ids)) {
    try {
      await client.call("restartBot", { params: { id } }, { signal });
      outcomes.push({ id, restarting: true });
      if (!json) terminal.out(`${id}: restarting`);
    } catch (error) {
      // Without a service there is nobody to ask for the rest.
      if (!(error instanceof ApiError)) throw error;
      outcomes.push({ id, restarting: false, problem: error.message });
      terminal.note(`berth: ${error.message}`);
    }
  }
  if (json) terminal.out(JSON.stringify(outcomes, null, 2));
  return outcomes.every(({ restarting }) => restarting) ? EXIT.ok : EXIT.failed;
}
