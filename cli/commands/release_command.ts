/**
 * `berth release ID... --guard NAME --reason TEXT`.
 *
 * @module
 */

import { ApiClient, ApiError, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT, UsageError } from "../context.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode releaseCommand}. */
export interface ReleaseOptions {
  /** Ids of the bots. */
  readonly ids: readonly string[];
  /** Name of the guard. */
  readonly guard?: string;
  /** Why the bots may run again. */
  readonly reason?: string;
  /** Print one JSON array. */
  readonly json: boolean;
}

/**
 * Releases bots that a guard holds. A bot that it does not hold does not keep the others from being released.
 *
 * @param options Which bots and guard, and why.
 * @param context The command's context.
 * @returns 1 if one of them could not be released.
 * @throws {UsageError} If the guard or the reason is missing.
 * @throws {NoServiceError} If no service answers.
 */
export async function releaseCommand(
  { ids, guard, reason, json }: ReleaseOptions,
  { terminal, env, signal }: CliContext,
): Promise<number> {
  if (guard === undefined) {
    throw new UsageError(`'release' needs --guard NAME; 'berth describe ${ids[0]}' says what holds the bot.`);
  }
  if (reason === undefined || reason.trim() === "") {
    throw new UsageError("'release' needs --reason TEXT: why the bot may run again.");
  }
  using client = new ApiClient(serverOf(env));
  let code: number = EXIT.ok;
  const released = [];
  for (const id of new Set(ids)) {
    try {
      const input = { params: { id, guard }, body: { reason } };
      const latch = await client.call("releaseGuard", input, { signal });
      released.push(latch);
      if (!json) {
        terminal.out(
          printable(`${id} is released from guard '${guard}', which tripped at ${latch.at}: ${latch.text}`),
        );
      }
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      code = EXIT.failed;
      terminal.note(printable(`berth: ${error.message}`));
    }
  }
  if (json) terminal.out(JSON.stringify(released, null, 2));
  return code;
}
