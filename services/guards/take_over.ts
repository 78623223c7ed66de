/**
 * Decides with which state a guard goes on when its rule changes, its bot begins a new run, or Berth begins. Pure: no
 * I/O, no clock.
 *
 * @module
 */

import type { GuardAction, GuardRule } from "../documents/guard_settings.ts";
import { beginGuard, type GuardState } from "./evaluate_guard.ts";
import type { GuardRemembers } from "./guard_memory.ts";

/** When and where a guard goes on. */
export interface TakeOver {
  /** Monotonic time, in ms. */
  readonly at: number;
  /** The same time, in ms since the epoch. */
  readonly now: number;
  /** Whether the container is the one that was looked at before. */
  readonly isSameRun: boolean;
}

/**
 * Tells whether two rules look at the same number in the same way.
 *
 * @param one A rule.
 * @param other Another rule.
 */
export function isAlike(
  one: Pick<GuardRule, "metric" | "field" | "when">,
  other: Pick<GuardRule, "metric" | "field" | "when">,
): boolean {
  return one.metric === other.metric && one.field === other.field && one.when === other.when;
}

/** Reads the action of a rule that trips. @param rule The rule. @param why Why it trips. */
export function actionOf({ action, onMissing }: GuardRule, why: "limit" | "missing"): GuardAction {
  return why === "limit" ? action : onMissing?.action ?? "alert";
}

/**
 * Goes on with a guard of this process. A rule that looks at something else begins anew.
 *
 * @param rule The rule now.
 * @param before The rule and the state so far.
 * @param options See {@linkcode TakeOver}.
 * @returns `undefined` if it has to begin anew.
 */
export function goOn(
  rule: GuardRule,
  before: { readonly rule: GuardRule; readonly state: GuardState },
  { at, isSameRun }: TakeOver,
): GuardState | undefined {
  if (!isAlike(before.rule, rule)) return undefined;
  const { tripped: was, peak, ...rest } = before.state;
  // A guard that has only alerted so far may have to stop the bot now.
  const isRaised = was && actionOf(before.rule, was) === "alert" && actionOf(rule, was) === "stop";
  const kept = { ...(peak !== undefined && { peak }), ...(was && !isRaised && { tripped: was }) };
  return isSameRun ? { ...rest, ...kept, quietSince: at } : { ...beginGuard(at), ...kept };
}

/**
 * Goes on with what an earlier process has stored.
 *
 * @param rule The rule now.
 * @param stored The stored one; absent if nothing is.
 * @param options See {@linkcode TakeOver}.
 */
export function restore(
  rule: GuardRule,
  stored: GuardRemembers | undefined,
  { at, now, isSameRun }: TakeOver,
): GuardState {
  const { peak, beyondAt, alerted } = stored && isAlike(stored.rule, rule) ? stored : {};
  const beyondMs = isSameRun && beyondAt !== undefined ? Math.max(0, now - beyondAt) : undefined;
  return {
    ...beginGuard(at, {
      ...(peak !== undefined && { peak }),
      ...(beyondMs !== undefined && { beyondMs }),
    }),
    ...(alerted && actionOf(rule, alerted) === "alert" && { tripped: alerted }),
  };
}
