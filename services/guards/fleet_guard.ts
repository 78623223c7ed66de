/**
 * A guard over several bots: a rule on the sum of their numbers.
 *
 * @module
 */

import type { Metric } from "../../lib/logs/metric_series.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { Labels } from "../documents/labels.ts";
import { beginGuard, evaluateGuard, type GuardInput, type GuardState, limitTick } from "./evaluate_guard.ts";
import { FLEET, type FleetRule, isSelected } from "./fleet_rule.ts";
import { FleetMembers } from "./fleet_members.ts";
import type { FleetRun } from "./fleet_run.ts";
import type { BotRemembers, GuardMemory } from "./guard_memory.ts";
import { GuardTimer, RECHECK_MS } from "./guard_timer.ts";
import { metricValue } from "./metric_value.ts";
import { actionOf, isAlike } from "./take_over.ts";

/** A change of a guard over several bots. */
export interface FleetNews {
  /** The rule. */
  readonly rule: FleetRule;
  /** Its state after the change. */
  readonly state: GuardState;
  /** Why it trips; absent if the sum is back within the limit. */
  readonly tripped?: "limit" | "missing";
  /** The bots without a number, if that is why. */
  readonly missing: readonly string[];
}

/** Dependencies of {@linkcode FleetGuard}. */
export interface FleetGuardOptions {
  /** The rule. */
  readonly rule: FleetRule;
  /** Keeps the peak. */
  readonly memory: GuardMemory;
  /** The clock. */
  readonly clock: Clock;
  /** Whether it holds bots: then it looks at nothing until all are released. */
  readonly isHolding: () => boolean;
  /** Called when it trips, and when the sum is back within the limit. Must return soon and must not throw. */
  readonly onNews: (news: FleetNews) => void;
}

/** Adds up the numbers of bots, and trips by the rule. */
export class FleetGuard implements Disposable {
  readonly #options: FleetGuardOptions;
  readonly #members: FleetMembers;
  readonly #timer: GuardTimer;
  #state: GuardState;
  #lastAt = -Infinity;
  readonly #snapshot = (): BotRemembers => {
    const { bots: _bots, ...rule } = this.#options.rule;
    const { peak, tripped } = this.#state;
    return {
      members: this.#members.summed,
      values: this.#members.values(),
      guards: [{
        rule,
        ...(peak !== undefined && { peak }),
        ...(tripped && actionOf(rule, tripped) === "alert" && { alerted: tripped }),
      }],
    };
  };

  /** @param options See {@linkcode FleetGuardOptions}. */
  constructor(options: FleetGuardOptions) {
    this.#options = options;
    const { rule, memory, clock } = options;
    const { members, values = {}, guards: [kept] = [] } = memory.of(this.key) ?? {};
    const { peak, alerted } = kept && isAlike(kept.rule, rule) ? kept : {};
    const at = clock.monotonic();
    this.#state = {
      ...beginGuard(at, peak === undefined ? {} : { peak }),
      ...(alerted && actionOf(rule, alerted) === "alert" && { tripped: alerted }),
    };
    const isSame = kept?.rule.metric === rule.metric && kept.rule.field === rule.field;
    this.#members = new FleetMembers({ at, summed: members ?? "", values: isSame ? values : {} });
    this.#timer = new GuardTimer({
      clock,
      wouldTrip: (at) =>
        evaluateGuard(this.#state, this.#inputAt({ type: "tick", at }), rule).verdict.type === "tripped",
      syncLines: async () => void await Promise.all(this.#members.runs().map((run) => run.syncLines())),
      onTime: (isSure) => this.#onTime(isSure),
    });
  }

  /** The rule. */
  get rule(): FleetRule {
    return this.#options.rule;
  }

  /** Name of its latches. */
  get key(): string {
    return `${FLEET}${this.#options.rule.name}`;
  }

  /** The value that is compared with the limit; absent if nothing came yet. */
  get value(): number | undefined {
    return this.#state.value;
  }

  /** Its bots. */
  get members(): string[] {
    return this.#members.ids();
  }

  /** Records what a bot's document says. @param bot Id of the bot. @param labels Its labels. */
  see(bot: string, labels: Labels | undefined): void {
    if (!isSelected(this.rule.bots, labels)) this.leave(bot);
    else this.#members.join(bot, this.#options.clock.monotonic());
  }

  /** A bot's document cannot be read: it counts as before. @param bot Id of the bot. */
  seeBroken(bot: string): void {
    if (this.#members.isMissed(bot)) this.#members.join(bot, this.#options.clock.monotonic());
  }

  /** A bot is disabled, removed, or has another label. @param bot Id of the bot. */
  leave(bot: string): void {
    this.#members.leave(bot);
  }

  /** A run of a bot begins. @param bot Id of the bot. @param run The run. */
  runBegins(bot: string, run: FleetRun): void {
    this.#members.runBegins(bot, run, this.#options.clock.monotonic());
    this.#review();
  }

  /** A run of a bot ends: nothing is missing from it any more. @param bot Id of the bot. @param run The run. */
  runEnds(bot: string, run: FleetRun): void {
    if (this.#members.runEnds(bot, run)) this.#review();
  }

  /**
   * The lines of a bot can be seen, or not any more.
   *
   * @param bot Id of the bot.
   * @param blindMs For how long they could not be seen, in ms, if that is over.
   */
  sightChanged(bot: string, blindMs: number | undefined): void {
    if (blindMs !== undefined) this.#members.wasBlind(bot, blindMs, this.#options.clock.monotonic());
    this.#review();
  }

  /**
   * A bot has printed a metric.
   *
   * @param bot Id of the bot.
   * @param metric The metric.
   * @param printedAt When, by the monotonic clock in ms.
   */
  take(bot: string, metric: Metric, printedAt: number): void {
    if (metric.type !== this.rule.metric) return;
    const read = metricValue(metric, this.rule);
    if ("oddity" in read || !this.#members.take(bot, read.value, printedAt)) return;
    const { memory, clock, isHolding } = this.#options;
    memory.changed(this.key, this.#snapshot, false);
    if (isHolding()) return;
    const at = this.#lastAt = Math.max(this.#lastAt, printedAt);
    if (this.rule.when === "rate_per_minute") return this.#add(read.value, at);
    const sum = this.#members.sum(clock.monotonic());
    if (!sum) return this.#review();
    if (sum.isOfOthers) this.#beginWithOthers(at);
    const { peak } = this.#state;
    this.#add(sum.value, at);
    if (this.#state.peak !== peak) memory.changed(this.key, this.#snapshot, true);
  }

  /** Begins anew, also the peak. */
  reset(): void {
    this.#state = beginGuard(this.#options.clock.monotonic());
    this.#options.memory.changed(this.key, this.#snapshot, true);
    this.#review();
  }

  /** Stops its timer. */
  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  /** The sum of other bots has no peak yet. People who were alerted are still to be notified of the end. */
  #beginWithOthers(at: number): void {
    const { tripped } = this.#state;
    this.#state = { ...beginGuard(at), ...(tripped && { tripped }) };
  }

  #add(value: number, at: number): void {
    const before = limitTick(this.#state, at, this.rule);
    if (before) this.#evaluate(before);
    this.#evaluate({ type: "value", value, at });
  }

  /** Numbers may have begun or ceased to be missing: sets the timer anew, which makes sure before it trips. */
  #review(): void {
    const { rule, clock, isHolding } = this.#options;
    const at = Math.max(this.#lastAt, clock.monotonic());
    const { verdict, againAt = Infinity } = evaluateGuard(
      this.#state,
      this.#inputAt({ type: "tick", at }),
      rule,
    );
    this.#wait(isHolding() ? Infinity : verdict.type === "tripped" ? at : againAt);
  }

  /** Where lines cannot be seen, time alone says nothing. */
  #wait(againAt: number): void {
    this.#timer.set(this.#members.isConnected() ? againAt : Infinity);
  }

  #inputAt(input: GuardInput): GuardInput {
    return { ...input, quietSince: this.#members.quietSince() };
  }

  #evaluate(input: GuardInput): void {
    const { rule, onNews, memory, isHolding } = this.#options;
    if (isHolding()) return this.#timer.cancel();
    const { state, verdict, againAt = Infinity } = evaluateGuard(this.#state, this.#inputAt(input), rule);
    this.#state = state;
    this.#wait(againAt);
    if (verdict.type === "nothing") return;
    memory.changed(this.key, this.#snapshot, true);
    const sinceAtLatest = input.at - (rule.onMissing?.afterSeconds ?? 0) * 1000;
    onNews({
      rule,
      state,
      missing: this.#members.quiet(sinceAtLatest),
      ...(verdict.type === "tripped" && { tripped: verdict.why }),
    });
  }

  #onTime(isSure: boolean): void {
    const at = this.#options.clock.monotonic();
    if (isSure) return this.#evaluate({ type: "tick", at: Math.max(this.#lastAt, at) });
    this.#members.giveFullTime(at);
    this.#timer.set(at + RECHECK_MS);
  }
}
