/**
 * Names of runs on the engine.
 *
 * @module
 */

import type { ManagedContainer } from "../../lib/runner/runner.ts";
import { runId, type RunRecord } from "./run_repository.ts";

/** The slot in Unix seconds, a mark for a manual run, and the attempt if it is not the first. */
const SLOT = /^(\d{1,12})(-manual)?(?:-r([2-9]|[1-9]\d{1,3}))?$/;

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
export function slotLabel({ slot, trigger }: Pick<RunRecord, "slot" | "trigger">, attempt: number): string {
  return `${slot}${trigger === "manual" ? "-manual" : ""}${attempt > 1 ? `-r${attempt}` : ""}`;
}

/**
 * Finds the run that a container belongs to.
 *
 * @param container A container of kind `run`.
 * @returns The run, or `undefined` if the slot label is invalid.
 */
export function runOf({ id, slot: label }: ManagedContainer): RunName | undefined {
  const [, slot, manual, attempt] = SLOT.exec(label ?? "") ?? [];
  if (slot === undefined) return undefined;
  const trigger = manual ? "manual" : "schedule";
  return {
    id: runId(id, Number(slot), trigger),
    scheduleId: id,
    slot: Number(slot),
    trigger,
    attempt: Number(attempt ?? 1),
  };
}
