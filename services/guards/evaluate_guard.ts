/**
 * Decides whether a guard trips. Pure: no I/O, no clock.
 *
 * @module
 */

import type { GuardRule } from "../documents/guard_settings.ts";

/** An event for a guard, with its monotonic time, in ms. */
export type GuardInput =
  & {
    readonly at: number;
    /** Since when no number has come, for a guard over several bots: that of the one that is quiet for longest. */
    readonly quietSince?: number;
  }
  & (
    /** The bot printed a number. */
    | { readonly type: "value"; readonly value: number }
    /** Nothing but time has passed. */
    | { readonly type: "tick" }
    /** Nobody could see what the bot printed, for this long. */
    | { readonly type: "blind"; readonly ms: number }
  );

/** Amount of one second, for rates. */
interface Second {
  readonly second: number;
  readonly amount: number;
}

/** The memory of a guard. Times are monotonic, in ms. */
export interface GuardState {
  /** Since when no number has come. */
  readonly quietSince: number;
  /** The value that is compared with the limit: the last number, the drawdown from the peak, or the rate. */
  readonly value?: number;
  /** The highest number, for drawdowns. */
  readonly peak?: number;
  /** Since when the value is beyond the limit. */
  readonly beyondSince?: number;
  /** The amounts of the last minute, for rates. */
  readonly seconds?: readonly Second[];
  /** Why it has tripped. It does not trip again until its value is back within the limit, or it is released. */
  readonly tripped?: "limit" | "missing";
}

/** The verdict: nothing, that it trips, or that its value is back within the limit. */
export type GuardVerdict =
  | { readonly type: "nothing" | "recovered" }
  | { readonly type: "tripped"; readonly why: "limit" | "missing" };

/** The result of an input. */
export interface Evaluation {
  /** The state of the guard after it. */
  readonly state: GuardState;
  /** The verdict. */
  readonly verdict: GuardVerdict;
  /** When time alone may trip it, in monotonic ms; absent if only a number can. */
  readonly againAt?: number;
}

const SECOND_MS = 1000;
/** Number of seconds that a rate covers. */
const RATE_SECONDS = 60;
const NOTHING: GuardVerdict = { type: "nothing" };

/**
 * Begins to look at a bot.
 *
 * @param at Monotonic time, in ms.
 * @param kept The values kept from an earlier look: the peak, and for how long the value has been beyond the limit, in
 * ms.
 */
export function beginGuard(
  at: number,
  { peak, beyondMs }: { readonly peak?: number; readonly beyondMs?: number } = {},
): GuardState {
  return {
    quietSince: at,
    ...(peak !== undefined && { peak }),
    ...(beyondMs !== undefined && { beyondSince: at - beyondMs }),
  };
}

/**
 * Evaluates a guard.
 *
 * @param state The state that it remembers.
 * @param input The event that happened.
 * @param rule The rule.
 */
export function evaluateGuard(state: GuardState, input: GuardInput, rule: GuardRule): Evaluation {
  const seen = { ...see(state, input, rule), ...pickQuiet(input) };
  const { why, againAt } = judge(seen, input.at, rule);
  const again = againAt === undefined ? {} : { againAt };
  if (why !== undefined) {
    const verdict: GuardVerdict = seen.tripped === why ? NOTHING : { type: "tripped", why };
    return { state: { ...seen, tripped: why }, verdict, ...again };
  }
  // A value that is not there any more has not recovered.
  const isStillBeyond = seen.tripped === "limit" && seen.beyondSince !== undefined;
  const isOver = seen.tripped !== undefined && input.type === "value" && !isStillBeyond;
  const { tripped: _over, ...rest } = seen;
  return isOver
    ? { state: rest, verdict: { type: "recovered" }, ...again }
    : { state: seen, verdict: NOTHING, ...again };
}

function pickQuiet({ quietSince }: GuardInput): Partial<GuardState> {
  return quietSince === undefined ? {} : { quietSince };
}

function see(state: GuardState, input: GuardInput, rule: GuardRule): GuardState {
  if (input.type === "blind") {
    return { ...state, quietSince: Math.min(input.at, state.quietSince + input.ms) };
  }
  if (input.type === "tick") {
    if (rule.when !== "rate_per_minute" || !state.seconds) return state;
    return compare(countOf(state, 0, input.at), input.at, rule);
  }
  const fresh = { ...state, quietSince: Math.max(state.quietSince, input.at) };
  switch (rule.when) {
    case "below":
    case "above":
      return compare({ ...fresh, value: input.value }, input.at, rule);
    case "drawdown_pct": {
      const peak = Math.max(state.peak ?? input.value, input.value);
      // Without a gain there is nothing to lose in percent.
      const value = peak > 0 ? ((peak - input.value) / peak) * 100 : 0;
      return compare({ ...fresh, peak, value }, input.at, rule);
    }
    case "rate_per_minute":
      return compare(countOf(fresh, input.value, input.at), input.at, rule);
  }
}

function countOf(state: GuardState, amount: number, at: number): GuardState {
  const second = Math.floor(at / SECOND_MS);
  const before = (state.seconds ?? []).filter((one) => one.second > second - RATE_SECONDS);
  const last = before.at(-1);
  const seconds = last?.second === second
    ? [...before.slice(0, -1), { second, amount: last.amount + amount }]
    : amount === 0
    ? before
    : [...before, { second, amount }];
  return { ...state, seconds, value: seconds.reduce((sum, one) => sum + one.amount, 0) };
}

function compare(state: GuardState, at: number, { when, limit }: GuardRule): GuardState {
  const value = state.value!;
  const isBeyond = when === "below" ? value < limit : value > limit;
  if (isBeyond) return { ...state, beyondSince: state.beyondSince ?? at };
  const { beyondSince: _over, ...rest } = state;
  return rest;
}

/** Returns why it has to be tripped, and when time alone changes that. */
function judge(
  { beyondSince, quietSince }: GuardState,
  at: number,
  { forSeconds, onMissing, action }: GuardRule,
): { readonly why?: "limit" | "missing"; readonly againAt?: number } {
  const tripsAt = beyondSince === undefined ? Infinity : beyondSince + forSeconds * SECOND_MS;
  const missesAt = onMissing ? quietSince + onMissing.afterSeconds * SECOND_MS : Infinity;
  const againAt = Math.min(...[tripsAt, missesAt].filter((time) => time > at));
  const again = againAt === Infinity ? {} : { againAt };
  // A reason that only alerts must not hide one that stops the bot.
  const isStop = tripsAt <= at && action === "stop" && onMissing?.action !== "stop";
  if (missesAt <= at && !isStop) return { why: "missing", ...again };
  return tripsAt <= at ? { why: "limit", ...again } : again;
}

/**
 * Returns the moment before a number at which a limit had been passed for long enough. Numbers that come together are
 * looked at one after another, and the last of them must not hide that.
 *
 * @param state The state that the guard remembers.
 * @param at When the number was printed, monotonic, in ms.
 * @param rule The rule.
 * @returns The input for {@linkcode evaluateGuard}; `undefined` if there is no such moment.
 */
export function limitTick(
  { beyondSince, quietSince }: GuardState,
  at: number,
  { forSeconds }: GuardRule,
): GuardInput | undefined {
  const tripsAt = beyondSince === undefined ? Infinity : beyondSince + forSeconds * SECOND_MS;
  // Whether numbers were missing is another question: a pause may be known later than the next number.
  return tripsAt < at ? { type: "tick", at: tripsAt, quietSince: Math.max(quietSince, tripsAt) } : undefined;
}
