/**
 * Names of runs on the engine.
 *
 * @module
 */

import { leaseKey } from "../../lib/cluster/lease_key.ts";
import type { ManagedContainer } from "../../lib/runner/runner.ts";
import { runId, type RunRecord } from "./run_repository.ts";

const NUMBER = "([2-9]|[1-9]\\d{1,3})";
/** The slot in Unix seconds, a mark for a manual run with its number, and the attempt; numbers only above 1. */
const SLOT = new RegExp(`^(\\d{1,12})(-manual(?:-${NUMBER})?)?(?:-r${NUMBER})?$`);
const MANUAL = new RegExp(`-manual(?:-${NUMBER})?$`);

/** The run that a container belongs to. */
export interface RunName extends Pick<RunRecord, "id" | "scheduleId" | "slot" | "trigger"> {
  /** Number of the attempt. */
  readonly attempt: number;
}

/**
 * Returns the slot label of an attempt's container, which is also part of its name.
 *
 * @param record The run.
 * @param attempt Number of the attempt, from 1.
 */
export function slotLabel(
  { id, slot, trigger }: Pick<RunRecord, "id" | "slot" | "trigger">,
  attempt: number,
): string {
  const manual = trigger === "manual" ? MANUAL.exec(id)?.[0] ?? "-manual" : "";
  return `${slot}${manual}${attempt > 1 ? `-r${attempt}` : ""}`;
}

/**
 * Names the lease of the last copy of a run that may live: of a claimed run, its next attempt may have begun.
 *
 * @param record The run.
 */
export function runLease(
  record: Pick<RunRecord, "id" | "scheduleId" | "slot" | "trigger" | "state" | "attempt">,
): string {
  const attempt = record.attempt + (record.state === "claimed" ? 1 : 0);
  return leaseKey("run", record.scheduleId, slotLabel(record, attempt));
}

/**
 * Finds the run that a container belongs to.
 *
 * @param container A container of kind `run`.
 * @returns The run, or `undefined` if the slot label is invalid.
 */
export function runOf({ id, slot: label }: ManagedContainer): RunName | undefined {
  const [, slot, manual, number, attempt] = SLOT.exec(label ?? "") ?? [];
  if (slot === undefined) return undefined;
  const trigger = manual ? "manual" : "schedule";
  return {
    id: runId(id, Number(slot), trigger, Number(number ?? 1)),
    scheduleId: id,
    slot: Number(slot),
    trigger,
    attempt: Number(attempt ?? 1),
  };
}
