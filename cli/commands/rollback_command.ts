/**
 * `berth rollback ID [REV]`: brings an earlier revision back.
 *
 * @module
 */

import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { awaitOutcome, isGood, showOutcome } from "../deploy/await_outcome.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode rollbackCommand}. */
export interface RollbackOptions {
  /** Id of the bot or the schedule. */
  readonly id: string;
  /** Number of the revision. @default the one before the deployed one */
  readonly to?: number;
  /** Whether to wait until the bot runs. */
  readonly wait: boolean;
  /** Whether only to check. */
  readonly dryRun: boolean;
  /** Print one JSON object. */
  readonly json: boolean;
}

/**
 * Goes back to an earlier revision, and waits until the bot runs and stays up.
 *
 * @param options To which, and how to print.
 * @param context The command's context.
 * @returns 1 if the bot does not run or does not stay up.
 * @throws {ApiError} If the revision is not there, or not whole. @throws {NoServiceError} If no service answers.
 */
export async function rollbackCommand(options: RollbackOptions, context: CliContext): Promise<number> {
  const { terminal, signal, env } = context;
  const { id, to, wait, dryRun, json } = options;
  using client = new ApiClient(serverOf(env));
  const body = { dryRun, ...(to !== undefined && { to }) };
  const done = await client.call("rollback", { params: { id }, body }, { signal });
  const { number, restores, replaces, version, enabled, kind, isServed } = done;
  const which = `revision ${restores}${version === undefined ? "" : ` (version ${version})`}`;
  if (!json) {
    terminal.out(printable(
      dryRun
        ? `${id} can go back to ${which}; revision ${replaces} is deployed`
        : `${id} is back at ${which}, as its revision ${number}`,
    ));
    if (!enabled && !dryRun) terminal.note(printable(`${id} is disabled; 'berth enable ${id}' starts it.`));
  }
  const mustWait = wait && !dryRun && kind === "bot" && enabled && isServed;
  const start = mustWait ? await awaitOutcome({ id, isUnchanged: false }, client, context) : undefined;
  if (json) terminal.out(JSON.stringify({ ...done, ...(start && { start }) }));
  else if (start) showOutcome({ id, isUnchanged: false }, start, context);
  return !start || isGood(start) ? EXIT.ok : EXIT.failed;
}
