/**
 * `berth remove ID...`: removes bots and schedules.
 *
 * @module
 */

import { systemClock } from "../../lib/util/clock.ts";
import type { OperationOutput } from "../../services/contract/contract.ts";
import { ApiClient, ApiError, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { eachDeployment } from "../deploy/each_deployment.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode removeCommand}. */
export interface RemoveOptions {
  /** Ids of the bots and schedules. */
  readonly ids: readonly string[];
  /** Whether logs, results, archives and state go as well. */
  readonly purge: boolean;
  /** Whether not to ask. */
  readonly yes: boolean;
}

/** Longest time for a bot to stop, in ms: its grace period may be an hour, but hardly is. */
const STOP_LIMIT_MS = 120_000;
const POLL_MS = 200;

/**
 * Removes bots and schedules, one after the other. Asks first on a terminal. An unknown id does not stop the rest.
 *
 * @param options The ids.
 * @param context The command's context.
 * @returns 1 if an id is unknown or refused, or the user says no.
 * @throws {NoServiceError} If no service answers.
 */
export async function removeCommand(options: RemoveOptions, context: CliContext): Promise<number> {
  const { terminal, env, signal, confirm } = context;
  const { ids, purge, yes } = options;
  using client = new ApiClient(serverOf(env));
  const kept = "logs, results, archives and state";
  const question = `Remove ${ids.join(", ")}${purge ? `, with ${kept}, for good` : ` (${kept} are kept)`}?`;
  if (!yes && confirm && !confirm(printable(question))) {
    terminal.note("Nothing is removed.");
    return EXIT.failed;
  }
  const remove = async (id: string) => {
    if (!purge) return terminal.out(`${id} is removed; its ${kept} are kept`);
    terminal.transient(printable(`${id}: waiting until it has stopped`));
    terminal.out(`${id} is removed, with ${describePurged(await purgeWhenGone(id, client, signal))}`);
  };
  const removeRest = async (id: string) => {
    const purged = await client.call("purge", { params: { id } }, { signal });
    const isNothing = Object.values(purged).every((count) => count === 0);
    if (isNothing) {
      terminal.note(printable(`berth: There is no bot or schedule '${id}', and nothing of one is left.`));
    } else terminal.out(`${id} was removed before; now gone are ${describePurged(purged)}`);
    return !isNothing;
  };
  const removed = await eachDeployment(ids, { client, ...context }, async ({ id, kind }) => {
    await client.call(kind === "bot" ? "deleteBot" : "deleteSchedule", { params: { id } }, { signal });
    await remove(id);
  }, purge ? removeRest : undefined);
  return removed === ids.length ? EXIT.ok : EXIT.failed;
}

/** The last lines of a bot are stored when it has stopped. */
async function purgeWhenGone(
  id: string,
  client: ApiClient,
  signal: AbortSignal,
): Promise<OperationOutput<"purge">> {
  const limit = systemClock.monotonic() + STOP_LIMIT_MS;
  while (true) {
    try {
      return await client.call("purge", { params: { id } }, { signal });
    } catch (error) {
      const isInUse = error instanceof ApiError && error.code === "data/in-use";
      if (!isInUse || systemClock.monotonic() > limit) throw error;
    }
    await systemClock.sleep(POLL_MS, signal);
  }
}

function describePurged(
  { archives, logs, results, runs, revisions, snapshots }: OperationOutput<"purge">,
): string {
  const parts = [
    count(archives, "archive"),
    count(logs, "day of logs", "days of logs"),
    count(results, "result"),
    ...(snapshots > 0 ? [count(snapshots, "snapshot of its state", "snapshots of its state")] : []),
    ...(runs > 0 ? [count(runs, "record of a run", "records of runs")] : []),
    ...(revisions > 0 ? [count(revisions, "revision")] : []),
  ];
  return parts.join(", ");
}

function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}
