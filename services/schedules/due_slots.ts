/**
 * Which slots of a schedule are owed.
 *
 * @module
 */

import type { CronSchedule } from "../cron/cron_schedule.ts";

/** Slots from a time up to now. */
export interface DueSlots {
  /** The latest of them, ascending, Unix seconds. */
  readonly slots: readonly number[];
  /** Earlier ones that are not in the list; absent when there are none. */
  readonly omitted?: {
    /** The first of them. */
    readonly first: number;
    /** How many there are; absent when there are too many to count. */
    readonly count?: number;
  };
}

/** So many steps are made before the search goes on from the other end. */
const STEPS_PER_KEPT = 10;

/**
 * Lists what a schedule owes. However long ago the first is, it takes a bounded number of steps.
 *
 * @param cron The schedule.
 * @param from From when on slots are owed, in Unix seconds: a slot itself or a lower bound.
 * @param now Up to when, in Unix seconds, included.
 * @param keep At most so many slots are listed, at least 1.
 */
export function dueSlots(cron: CronSchedule, from: number, now: number, keep: number): DueSlots {
  const first = from <= now ? cron.has(from) ? from : cron.next(from) : undefined;
  if (first === undefined || first > now) return { slots: [] };
  const all = walk(cron, first, now, keep * STEPS_PER_KEPT);
  if (all) {
    const count = all.length - keep;
    return count > 0 ? { slots: all.slice(-keep), omitted: { first, count } } : { slots: all };
  }
  const slots = latest(cron, first, now, keep).slice(-keep);
  return { slots, omitted: { first } };
}

/** The slots from one of them on; `undefined` when there are more than the limit. */
function walk(cron: CronSchedule, first: number, now: number, limit: number): number[] | undefined {
  const slots: number[] = [];
  for (let slot: number | undefined = first; slot !== undefined && slot <= now; slot = cron.next(slot)) {
    if (slots.length >= limit) return undefined;
    slots.push(slot);
  }
  return slots;
}

/** The last slots, at least `keep` of them: looks back twice as far each time, then halves what was too far. */
function latest(cron: CronSchedule, first: number, now: number, keep: number): number[] {
  if (cron.reading === "every") return latestOfEvery(cron, first, now, keep);
  let best: number[] = [];
  let isTooFar = false;
  for (let back = 0, step = keep; step >= 1;) {
    const from = Math.max(first, now - back - step);
    const begin = cron.next(from - 1);
    const found = begin === undefined || begin > now ? [] : walk(cron, begin, now, keep * 2);
    if (found) {
      best = found;
      if (best.length >= keep) return best;
      back += step;
    } else {
      isTooFar = true;
    }
    step = isTooFar ? Math.ceil(step / 2) : step * 2;
  }
  return best;
}

/** Each slot is an interval after the one before. */
function latestOfEvery(cron: CronSchedule, first: number, now: number, keep: number): number[] {
  const interval = cron.next(first)! - first;
  const last = first + Math.floor((now - first) / interval) * interval;
  return Array.from({ length: keep }, (_, index) => last - (keep - 1 - index) * interval);
}
