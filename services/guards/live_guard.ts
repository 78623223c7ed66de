/**
 * One guard of a bot that runs: its rule, and what it has seen.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Metric } from "../../lib/logs/metric_series.ts";
import type { GuardRule } from "../documents/guard_settings.ts";
import {
  beginGuard,
  evaluateGuard,
  type GuardInput,
  type GuardState,
  type GuardVerdict,
  limitTick,
} from "./evaluate_guard.ts";
import type { GuardRemembers } from "./guard_memory.ts";
import { metricValue } from "./metric_value.ts";
import { actionOf, goOn, type TakeOver } from "./take_over.ts";

/** A guard as it is shown. */
export interface GuardLook {
  /** Its state. */
  readonly state: GuardState;
  /** When the last number came: RFC 3339. */
  readonly valueAt?: string;
  /** The last value of the bot that is not a number. */
  readonly oddity?: string;
}

/** Evaluates its rule. All times are monotonic, in ms, unless they are strings. */
export class LiveGuard {
  readonly #bot: string;
  /** The rule. */
  readonly rule: GuardRule;
  #state: GuardState;
  #againAt: number | undefined;
  #valueAt: string | undefined;
  #oddity: string | undefined;
  readonly #log = getLogger(["berth", "guards"]);

  /** @param bot Id of the bot. @param rule The rule. @param state The state that it begins with. */
  constructor(bot: string, rule: GuardRule, state: GuardState) {
    this.#bot = bot;
    this.rule = rule;
    this.#state = state;
  }

  /** Its state. */
  get state(): GuardState {
    return this.#state;
  }

  /** When time alone may trip it; `undefined` if only a number can. */
  get againAt(): number | undefined {
    return this.#againAt;
  }

  /**
   * Goes on with another rule, or in another run.
   *
   * @param rule The rule.
   * @param options See {@linkcode TakeOver}.
   * @returns `undefined` if the rule looks at something else.
   */
  goOn(rule: GuardRule, options: TakeOver): LiveGuard | undefined {
    const state = goOn(rule, this, options);
    if (!state) return undefined;
    const next = new LiveGuard(this.#bot, rule, state);
    next.#againAt = this.#againAt;
    next.#valueAt = this.#valueAt;
    next.#oddity = this.#oddity;
    return next;
  }

  /** Begins anew, also with the peak. @param at The time. */
  reset(at: number): void {
    this.#state = beginGuard(at);
  }

  /** Whether time would trip it. Changes nothing. @param at The time. */
  wouldTrip(at: number): boolean {
    return evaluateGuard(this.#state, { type: "tick", at }, this.rule).verdict.type === "tripped";
  }

  /** Evaluates the rule. @param input The event that happened. */
  evaluate(input: GuardInput): GuardVerdict {
    const { state, verdict, againAt } = evaluateGuard(this.#state, input, this.rule);
    this.#state = state;
    this.#againAt = againAt;
    return verdict;
  }

  /**
   * Takes a metric.
   *
   * @param metric The metric.
   * @param time The time of its line, as the engine writes it.
   * @param at The same time.
   * @returns The verdicts, in order; none if the rule looks at something else.
   */
  take(metric: Metric, time: string, at: number): GuardVerdict[] {
    if (this.rule.metric !== metric.type) return [];
    const read = metricValue(metric, this.rule);
    if ("oddity" in read) {
      this.#noteOddity(read.oddity);
      return [];
    }
    this.#valueAt = time;
    this.#oddity = undefined;
    const before = limitTick(this.#state, at, this.rule);
    return [
      ...(before ? [this.evaluate(before)] : []),
      this.evaluate({ type: "value", value: read.value, at }),
    ];
  }

  /**
   * Gives it its full time again, because output may have been missed. @param at The time. @param againAt When to look
   * again.
   */
  postpone(at: number, againAt: number): void {
    this.#state = { ...this.#state, quietSince: at };
    this.#againAt = againAt;
  }

  /** Shows it. */
  look(): GuardLook {
    return {
      state: this.#state,
      ...(this.#valueAt !== undefined && { valueAt: this.#valueAt }),
      ...(this.#oddity !== undefined && { oddity: this.#oddity }),
    };
  }

  /** Gives what is stored of it. @param toWall Makes ms since the epoch of a monotonic time. */
  remember(toWall: (at: number) => number): GuardRemembers {
    const { peak, beyondSince, tripped } = this.#state;
    return {
      rule: this.rule,
      ...(tripped && actionOf(this.rule, tripped) === "alert" && { alerted: tripped }),
      ...(peak !== undefined && { peak }),
      ...(beyondSince !== undefined && { beyondAt: toWall(beyondSince) }),
    };
  }

  /** A value that is not a number counts as nothing, and is logged once. */
  #noteOddity(oddity: string): void {
    if (this.#oddity === undefined) {
      const { name, metric, field } = this.rule;
      this.#log.warn("guard got no number", { id: this.#bot, guard: name, metric, field, is: oddity });
    }
    this.#oddity = oddity;
  }
}
