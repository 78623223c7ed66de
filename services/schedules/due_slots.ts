/**
 * Computes the slots that are due.
 *
 * @module
 */

import type { CronSchedule } from "../cron/cron_schedule.ts";

/** The due slots of a schedule. */
export interface DueSlots {
  /** The latest due slots in ascending order, in Unix seconds. */
  readonly slots: readonly number[];
  /** Earlier due slots that are not listed; absent if there are none. */
  readonly omitted?: {
    /** The first of them, in Unix seconds. */
    readonly first: number;
    /** Their number; absent if there are too many to count. */
    readonly count?: number;
  };
}

/** The search walks this many slots per listed slot before it continues from the other end. */
const STEPS_PER_KEPT = 10;

/**
 * Lists the due slots of a schedule in a bounded number of steps, however long ago the first one was.
 *
 * @param cron The schedule.
 * @param from Earliest due time in Unix seconds: a slot or a lower bound.
 * @param now Latest due time in Unix seconds, included.
 * @param keep Maximum number of listed slots, at least 1.
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

/** Returns all slots from the first one on, or `undefined` if they exceed the limit. */
function walk(cron: CronSchedule, first: number, now: number, limit: number): number[] | undefined {
  const slots: number[] = [];
  for (let slot: number | undefined = first; slot !== undefined && slot <= now; slot = cron.next(slot)) {
    if (slots.length >= limit) return undefined;
    slots.push(slot);
  }
  return slots;
}

/**
 * Returns at least the last `keep` slots: doubles the time it looks back until it finds enough, then bisects.
 */
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

/** For `@every`, each slot follows the previous one after a fixed interval. */
function latestOfEvery(cron: CronSchedule, first: number, now: number, keep: number): number[] {
  const interval = cron.next(first)! - first;
  const last = first + Math.floor((now - first) / interval) * interval;
  return Array.from({ length: keep }, (_, index) => last - (keep - 1 - index) * interval);
}
