/**
 * How a run is called on the engine.
 *
 * @module
 */

import type { ManagedContainer } from "../../lib/runner/runner.ts";
import { runId, type RunRecord } from "./run_repository.ts";

/** Slot in Unix seconds; a run that somebody asked for; attempts after the first. */
const SLOT = /^(\d{1,12})(-manual)?(?:-r([2-9]|[1-9]\d{1,3}))?$/;

/** Which run a container belongs to. */
export interface RunName extends Pick<RunRecord, "id" | "scheduleId" | "slot" | "trigger"> {
  /** Which attempt it is. */
  readonly attempt: number;
}

/**
 * The slot label of an attempt's container, which is part of its name.
 *
 * @param record The run.
 * @param attempt Number of the attempt, from 1 on.
 */
export function slotLabel({ slot, trigger }: Pick<RunRecord, "slot" | "trigger">, attempt: number): string {
  return `${slot}${trigger === "manual" ? "-manual" : ""}${attempt > 1 ? `-r${attempt}` : ""}`;
}

/**
 * The run that a container belongs to.
 *
 * @param container A container of kind `run`.
 * @returns The run, or `undefined` when its label says none.
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
