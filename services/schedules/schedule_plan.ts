/**
 * What one schedule owes, and what becomes of it. Pure: no I/O, no clock.
 *
 * @module
 */

import type { CronSchedule } from "../cron/cron_schedule.ts";
import { dueSlots } from "./due_slots.ts";
import type { RunRecord, RunTrigger } from "./run_repository.ts";
import { NEVER } from "./schedule_repository.ts";
import type { ScheduleSettings } from "./schedule_settings.ts";

/** A slot that is run within so many seconds was run on time; later, it is caught up on. */
const ON_TIME_SECONDS = 30;
/** A slot in the ledger that lies further ahead than this, in seconds, comes from a clock that was wrong. */
const MAX_SLOT_AHEAD_SECONDS = 86_400;

/** What is known of a schedule. */
export interface ScheduleSituation {
  /** When it is due; `undefined` for one that is disabled or invalid. */
  readonly cron: CronSchedule | undefined;
  /** How its runs are looked after. */
  readonly settings: ScheduleSettings;
  /** From when on slots are owed, in Unix seconds; `undefined` when nobody has looked at it yet. */
  readonly from: number | undefined;
  /** The time, in Unix seconds. */
  readonly now: number;
  /** Its open runs, of whichever scheduler. */
  readonly open: readonly Pick<RunRecord, "id" | "slot">[];
  /** The latest slot in its ledger. Only looked at when {@linkcode mayCorrect}. */
  readonly latestSlot?: number;
  /** How many records of it are kept. */
  readonly keep: number;
}

/** One slot, and what becomes of it. */
export interface PlannedSlot {
  /** The slot, in Unix seconds. */
  readonly slot: number;
  /** Why it would be run. */
  readonly trigger: RunTrigger;
  /** Whether it is run. */
  readonly state: "claimed" | "skipped";
  /** Why it is not. */
  readonly reason?: string;
}

/** What {@linkcode planSchedule} answers. */
export interface SchedulePlan {
  /** What goes into the ledger, the earliest slot first; at most the last one is run. */
  readonly slots: readonly PlannedSlot[];
  /** From when on slots are owed once that is done, in Unix seconds. */
  readonly next: number;
}

/**
 * Decides what is owed.
 *
 * From `next_execution_time` on, every slot up to now is owed. The latest one is run, if its deadline and the runs
 * that are still going allow it; the others are recorded as missed. A time in the future is corrected when the
 * expression says another, because expression and time are written by different programs.
 *
 * @returns What to record, and when to look again.
 */
export function planSchedule(situation: ScheduleSituation): SchedulePlan {
  const { cron, from, now } = situation;
  if (!cron) return { slots: [], next: NEVER };
  if (from === undefined) return { slots: [], next: cron.next(now) ?? NEVER };
  if (from > now) return { slots: [], next: nextAfterFuture(cron, situation) };
  const { slots, omitted } = dueSlots(cron, from, now, situation.keep);
  const latest = slots.at(-1);
  if (latest === undefined) return { slots: [], next: cron.next(now) ?? NEVER };
  const planned = slots.map((slot): PlannedSlot =>
    slot === latest
      ? planSlot(slot, now - slot > ON_TIME_SECONDS ? "catch-up" : "schedule", situation)
      : { slot, trigger: "schedule", state: "skipped", reason: whyMissed(slot, situation) }
  );
  if (omitted) planned[0] = withOmitted(planned[0]!, omitted);
  return { slots: planned, next: cron.next(cron.reading === "every" ? latest : now) ?? NEVER };
}

/**
 * Whether {@linkcode planSchedule} would change a time that lies in the future; then, and only then, it wants to know
 * the latest slot in the ledger.
 */
export function mayCorrect(situation: Omit<ScheduleSituation, "latestSlot">): boolean {
  const { from, now } = situation;
  return from !== undefined && from > now && planSchedule(situation).next !== from;
}

/**
 * Decides on one slot.
 *
 * @param slot The slot, in Unix seconds.
 * @param trigger Why it would be run.
 * @param situation What else is known of its schedule.
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

/**
 * Why a slot is skipped under the policy `Forbid`.
 *
 * @param run The run that is in its way.
 */
export function stillGoing({ id }: Pick<RunRecord, "id">): string {
  return `the run ${id} was still going, and concurrency_policy is Forbid`;
}

/** A slot that came while a run was going was not missed by the scheduler. */
function whyMissed(slot: number, { settings, now, open }: ScheduleSituation): string {
  const before = open.find((run) => run.slot < slot);
  const isForbidden = before && settings.concurrencyPolicy === "Forbid" && now - slot <= ON_TIME_SECONDS;
  return isForbidden ? stillGoing(before) : "missed: nobody was there to run it before the next slot came";
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
  // What is in the ledger already is not owed again: a clock may have been set back, or another one be ahead.
  const done = latestSlot !== undefined && latestSlot - now <= MAX_SLOT_AHEAD_SECONDS ? latestSlot : now;
  return cron.next(Math.max(now, done)) ?? NEVER;
}
