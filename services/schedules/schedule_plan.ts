/**
 * Decides which slots of a schedule run and which are skipped. Pure: no I/O, no clock.
 *
 * @module
 */

import type { CronSchedule } from "../cron/cron_schedule.ts";
import { dueSlots } from "./due_slots.ts";
import type { RunRecord, RunTrigger } from "./run_repository.ts";
import { NEVER } from "./schedule_repository.ts";
import type { ScheduleSettings } from "../documents/schedule_settings.ts";

/** A slot that starts within this many seconds is on time; later, it counts as catch-up. */
const ON_TIME_SECONDS = 30;
/** A slot in the ledger further ahead than this comes from a wrong clock. */
const MAX_SLOT_AHEAD_SECONDS = 86_400;

/** State of a schedule. */
export interface ScheduleSituation {
  /** Its times; `undefined` if it is disabled or invalid. */
  readonly cron: CronSchedule | undefined;
  /** Settings of the schedule. */
  readonly settings: ScheduleSettings;
  /** Earliest due time in Unix seconds; `undefined` if no scheduler has seen the schedule yet. */
  readonly from: number | undefined;
  /** Current time in Unix seconds. */
  readonly now: number;
  /** Its open runs, of any scheduler. */
  readonly open: readonly Pick<RunRecord, "id" | "slot">[];
  /** The latest slot in its ledger. Required only if {@linkcode mayCorrect}. */
  readonly latestSlot?: number;
  /** Number of records that the ledger keeps. */
  readonly keep: number;
}

/** The decision about one slot. */
export interface PlannedSlot {
  /** The slot, in Unix seconds. */
  readonly slot: number;
  /** Cause of the run. */
  readonly trigger: RunTrigger;
  /** Whether the slot runs. */
  readonly state: "claimed" | "skipped";
  /** Why the slot is skipped. */
  readonly reason?: string;
}

/** Result of {@linkcode planSchedule}. */
export interface SchedulePlan {
  /** The slots to record, the earliest first. At most the last one runs. */
  readonly slots: readonly PlannedSlot[];
  /** The new earliest due time, in Unix seconds. */
  readonly next: number;
}

/**
 * Decides about all due slots.
 *
 * Every slot from `next_execution_time` up to now is due. The latest one runs if its deadline and the active
 * runs allow it; the others are recorded as missed. A time in the future is corrected if it does not match
 * the expression, because expression and time are written by different programs.
 *
 * @param situation The state of the schedule.
 * @returns The slots to record, and the next time.
 */
export function planSchedule(situation: ScheduleSituation): SchedulePlan {
  const { cron, from, now } = situation;
  if (!cron) return { slots: [], next: NEVER };
  if (from === undefined) return { slots: [], next: cron.next(now) ?? NEVER };
  if (from > now) return { slots: [], next: nextAfterFuture(cron, situation) };
  const { slots, omitted } = dueSlots(cron, from, now, situation.keep);
  const latest = slots.at(-1);
  if (latest === undefined) return { slots: [], next: cron.next(now) ?? NEVER };
  const planned = slots.map((slot) => planDue(slot, cron, situation, slot === latest));
  if (omitted) planned[0] = withOmitted(planned[0]!, omitted);
  return { slots: planned, next: cron.next(cron.reading === "every" ? latest : now) ?? NEVER };
}

/**
 * Whether {@linkcode planSchedule} may correct a time in the future. Only then does it need the latest slot
 * in the ledger.
 *
 * @param situation The state of the schedule.
 */
export function mayCorrect(situation: Omit<ScheduleSituation, "latestSlot">): boolean {
  const { from, now } = situation;
  return from !== undefined && from > now && planSchedule(situation).next !== from;
}

/**
 * Decides about one slot.
 *
 * @param slot The slot, in Unix seconds.
 * @param trigger Cause of the run.
 * @param situation The state of the schedule.
 */
export function planSlot(
  slot: number,
  trigger: RunTrigger,
  { settings, now, open }: Pick<ScheduleSituation, "settings" | "now" | "open">,
): PlannedSlot {
  const deadline = settings.startingDeadlineSeconds;
  if (deadline !== undefined && now - slot > deadline) {
    const reason = `missed: found ${
      now - slot
    } s after its slot, and starting_deadline_seconds is ${deadline}`;
    return { slot, trigger, state: "skipped", reason };
  }
  const before = settings.concurrencyPolicy === "Forbid" ? open[0] : undefined;
  if (before) return { slot, trigger, state: "skipped", reason: stillGoing(before) };
  return { slot, trigger, state: "claimed" };
}

/** A slot on a closed day is skipped whatever else holds. */
function planDue(
  slot: number,
  cron: CronSchedule,
  situation: ScheduleSituation,
  isLatest: boolean,
): PlannedSlot {
  const closed = cron.whySkipped?.(slot);
  if (closed !== undefined) return { slot, trigger: "schedule", state: "skipped", reason: closed };
  if (!isLatest) return { slot, trigger: "schedule", state: "skipped", reason: whyMissed(slot, situation) };
  return planSlot(slot, situation.now - slot > ON_TIME_SECONDS ? "catch-up" : "schedule", situation);
}

/** Returns why a slot is skipped under the policy `Forbid`. @param run The run that is still active. */
export function stillGoing({ id }: Pick<RunRecord, "id">): string {
  return `the run ${id} was still going, and concurrency_policy is Forbid`;
}

/** A slot that came during an active run was not missed by the scheduler. */
function whyMissed(slot: number, { settings, now, open }: ScheduleSituation): string {
  const before = open.find((run) => run.slot < slot);
  const isForbidden = before && settings.concurrencyPolicy === "Forbid" && now - slot <= ON_TIME_SECONDS;
  return isForbidden ? stillGoing(before) : "missed: no service ran it before the next slot came";
}

function withOmitted(
  oldest: PlannedSlot,
  { first, count }: { readonly first: number; readonly count?: number },
): PlannedSlot {
  const since = new Date(first * 1000).toISOString().replace(".000Z", "Z");
  const which = count === undefined ? `all before it since ${since}` : `${count} before it since ${since}`;
  return { ...oldest, reason: `${oldest.reason}; so were ${which}` };
}

function nextAfterFuture(cron: CronSchedule, { from, now, latestSlot }: ScheduleSituation): number {
  if (cron.reading === "every") {
    const next = cron.next(now)!;
    return from! <= next ? from! : next;
  }
  // Slots in the ledger are not due again, even if this clock was set back or another one is ahead.
  const done = latestSlot !== undefined && latestSlot - now <= MAX_SLOT_AHEAD_SECONDS ? latestSlot : now;
  return cron.next(Math.max(now, done)) ?? NEVER;
}
