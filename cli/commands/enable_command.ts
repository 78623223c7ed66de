/**
 * `berth enable ID...` and `berth disable ID...`.
 *
 * @module
 */

import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { eachDeployment } from "../deploy/each_deployment.ts";

/** Options of {@linkcode enableCommand}. */
export interface EnableOptions {
  /** Ids of the bots and schedules. */
  readonly ids: readonly string[];
  /** Whether they should run. */
  readonly enabled: boolean;
}

/**
 * Enables or disables bots and schedules, one after the other. An unknown id does not stop the rest.
 *
 * @param options The ids.
 * @param context The command's context.
 * @returns 1 if an id is unknown or refused.
 * @throws {NoServiceError} If no service answers.
 */
export async function enableCommand({ ids, enabled }: EnableOptions, context: CliContext): Promise<number> {
  const { terminal, env, signal } = context;
  using client = new ApiClient(serverOf(env));
  const changed = await eachDeployment(ids, { client, ...context }, async ({ id, kind }) => {
    const operation = kind === "bot"
      ? enabled ? "enableBot" : "disableBot"
      : enabled
      ? "enableSchedule"
      : "disableSchedule";
    await client.call(operation, { params: { id } }, { signal });
    terminal.out(`${id} is ${enabled ? "enabled" : "disabled"}`);
  });
  return changed === ids.length ? EXIT.ok : EXIT.failed;
}
