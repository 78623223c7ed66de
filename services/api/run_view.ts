/**
 * Shows records of the ledger as the API gives them.
 *
 * @module
 */

import type { Run } from "../contract/runs.ts";
import { type RunRecord, shownTrigger } from "../schedules/run_repository.ts";

/**
 * Shows a record.
 *
 * @param record The record.
 * @returns The run, with times as strings.
 */
export function toRun(record: RunRecord): Run {
  const { trigger, slot, reason, claimedAt, startedAt, finishedAt, seenAt: _seen, log: _log, ...rest } =
    record;
  const { result: _result, ...shown } = rest;
  return {
    ...shown,
    slot: timeOfSlot(slot),
    trigger: shownTrigger(record),
    origin: trigger,
    ...(reason && { reason }),
    claimedAt: claimedAt.toISOString(),
    ...(startedAt && { startedAt: startedAt.toISOString() }),
    ...(finishedAt && { finishedAt: finishedAt.toISOString() }),
  };
}

/** Largest slot that has a time, in Unix seconds: the year 9999. */
const MAX_SLOT = 253_402_300_799;

/** Other programs may have written any number. */
function timeOfSlot(slot: number): string {
  return new Date(Math.min(Math.max(slot, 0), MAX_SLOT) * 1000).toISOString();
}
