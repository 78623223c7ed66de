/**
 * Removes what is left of a bot or a schedule.
 *
 * @module
 */

import { statesOf } from "../../lib/runner/states_of.ts";
import { logPrefix } from "../../lib/logs/log_keys.ts";
import { archivePrefix } from "../documents/archive_key.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import type { VersionTools } from "./version_tools.ts";

/** Numbers of removed objects. */
export interface PurgedData {
  /** Archives. */
  readonly archives: number;
  /** Days of logs. */
  readonly logs: number;
  /** Results. */
  readonly results: number;
  /** Records of runs. */
  readonly runs: number;
  /** Revisions. */
  readonly revisions: number;
  /** Snapshots of the state, which is removed with them. */
  readonly snapshots: number;
}

/** The places to remove from. */
export interface PurgeParts extends ApiParts, Pick<VersionTools, "revisions" | "starts" | "watches"> {}

/**
 * Removes archives, logs, results, run records, revisions and the state of an id.
 *
 * @param id The id.
 * @param parts The dependencies of the API.
 * @param signal Cancels the call.
 * @throws {ApiProblem} 409 if a document, a container or a run of the id is still there: its last lines would follow.
 */
export async function purgeData(id: string, parts: PurgeParts, signal: AbortSignal): Promise<PurgedData> {
  const { store, runs, runner, revisions, starts, clock, settings: { buckets } } = parts;
  await requireGone(id, parts, signal);
  const remove = async (bucket: string, prefix: string) => {
    await store.ensureBucket(bucket, { signal });
    let count = 0;
    for await (const { key } of store.list(bucket, prefix, { signal })) {
      await store.delete(bucket, key, { signal });
      count++;
    }
    return count;
  };
  await starts.forget(id, { signal });
  await parts.watches.forget(id, { signal });
  return {
    archives: await remove(buckets.code, archivePrefix(id)),
    logs: await remove(buckets.logs, logPrefix(id)),
    results: await remove(buckets.results, `${id}/`),
    revisions: await revisions.forget(id, { signal }),
    snapshots: await statesOf(runner)?.remove(id, signal) ?? 0,
    runs: await runs.trim(id, { maxRecords: 0, maxAgeMs: 0 }, new Date(clock.now()), { signal }),
  };
}

async function requireGone(id: string, parts: ApiParts, signal: AbortSignal): Promise<void> {
  const { bots, schedules, runs, botService } = parts;
  if (await bots.get(id, { signal }) ?? await schedules.get(id, { signal })) {
    throw new ApiProblem(409, "data/in-use", `'${id}' is still deployed.`, {
      advice: `Remove it first with 'berth remove ${id}'.`,
    });
  }
  const isRunning = botService?.state.getRunningBot(id) !== undefined;
  if (!isRunning && (await runs.listOpen({ scheduleId: id, signal })).length === 0) return;
  throw new ApiProblem(
    409,
    "data/in-use",
    `A container of '${id}' is still being stopped, or a run of it is still in progress.`,
    {
      advice: "Try again when it has ended.",
    },
  );
}
