/**
 * A guard over several bots: a rule on the sum of their numbers.
 *
 * @module
 */

import type { Metric } from "../../lib/logs/metric_series.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { Labels } from "../documents/labels.ts";
import { isAlike } from "./bot_guards.ts";
import { beginGuard, evaluateGuard, type GuardInput, type GuardState } from "./evaluate_guard.ts";
import type { BotRemembers, GuardMemory } from "./guard_memory.ts";
import { metricValue } from "./metric_value.ts";
import type { FleetRule } from "./parse_fleet.ts";

/** What a {@linkcode FleetGuard} needs. */
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
  readonly onNews: (rule: FleetRule, state: GuardState, isTripped: boolean) => void;
}

interface Member {
  readonly joinedAt: number;
  value?: number;
}

/** How long the sum waits for the first number of a bot, in ms. Then it goes without that bot. */
const FIRST_NUMBER_MS = 120_000;
/** Begins the names of latches of these guards; no guard of a bot has a colon in its name. */
export const FLEET = "fleet:";

/**
 * Tells whether a bot has the label that a rule names.
 *
 * @param selector `name=value`.
 * @param labels Labels of the bot.
 */
export function isSelected(selector: string, labels: Labels | undefined): boolean {
  const at = selector.indexOf("=");
  return labels !== undefined && Object.hasOwn(labels, selector.slice(0, at)) &&
    labels[selector.slice(0, at)] === selector.slice(at + 1);
}

/** Adds up the numbers of bots, and says when the sum trips the rule. */
export class FleetGuard implements Disposable {
  readonly #options: FleetGuardOptions;
  readonly #members = new Map<string, Member>();
  #state: GuardState;
  /** The bots whose peak it is. */
  #summed: string;
  #timer: AbortController | undefined;
  /** Last numbers of bots that nobody has seen since this guard began. */
  readonly #missed: Map<string, number>;
  readonly #beganAt: number;
  readonly #snapshot = (): BotRemembers => {
    const { bots: _bots, ...rule } = this.#options.rule;
    const { peak, tripped } = this.#state;
    const known = [...this.#members].flatMap(([id, { value }]) =>
      value === undefined ? [] : [[id, value] as const]
    );
    return {
      members: this.#summed,
      values: Object.fromEntries([...this.#missed, ...known]),
      guards: [{
        rule,
        ...(peak !== undefined && { peak }),
        ...(tripped && rule.action === "alert" && { told: tripped }),
      }],
    };
  };

  /** @param options See {@linkcode FleetGuardOptions}. */
  constructor(options: FleetGuardOptions) {
    this.#options = options;
    const { rule, memory, clock } = options;
    const { members = "", values = {}, guards: [kept] = [] } = memory.of(this.key) ?? {};
    const { peak, told } = kept && isAlike(kept.rule, rule) ? kept : {};
    this.#beganAt = clock.monotonic();
    this.#state = {
      ...beginGuard(this.#beganAt, peak === undefined ? {} : { peak }),
      ...(told && rule.action === "alert" && { tripped: told }),
    };
    this.#summed = members;
    const isSame = kept?.rule.metric === rule.metric && kept.rule.field === rule.field;
    this.#missed = new Map(isSame ? Object.entries(values) : []);
  }

  /** The rule. */
  get rule(): FleetRule {
    return this.#options.rule;
  }

  /** Name of its latches. */
  get key(): string {
    return `${FLEET}${this.#options.rule.name}`;
  }

  /** What is compared with the limit; absent if nothing came yet. */
  get value(): number | undefined {
    return this.#state.value;
  }

  /** Whether the sum is beyond the limit. */
  get isTripped(): boolean {
    return this.#state.tripped !== undefined;
  }

  /** Its bots. */
  get members(): string[] {
    return [...this.#members.keys()].sort();
  }

  /** Notes what a bot's document says. @param bot Id of the bot. @param labels Its labels. */
  see(bot: string, labels: Labels | undefined): void {
    if (!isSelected(this.rule.bots, labels)) this.leave(bot);
    else if (!this.#members.has(bot)) this.#join(bot);
  }

  /** A bot's document cannot be read: it counts as before. @param bot Id of the bot. */
  seeBroken(bot: string): void {
    if (this.#missed.has(bot)) this.#join(bot);
  }

  /** A bot is disabled, removed, or has another label. @param bot Id of the bot. */
  leave(bot: string): void {
    this.#members.delete(bot);
    this.#missed.delete(bot);
  }

  /** A bot has printed a metric. @param bot Id of the bot. @param metric The metric. */
  take(bot: string, metric: Metric): void {
    const member = this.#members.get(bot);
    if (!member || metric.type !== this.rule.metric) return;
    const read = metricValue(metric, this.rule);
    if ("oddity" in read) return;
    member.value = read.value;
    const { memory, clock, isHolding } = this.#options;
    memory.changed(this.key, this.#snapshot, false);
    if (isHolding()) return;
    const at = clock.monotonic();
    if (this.rule.when === "rate_per_minute") return this.#evaluate({ type: "value", value: read.value, at });
    // Bots that were summed before are seen one after another.
    if (this.#missed.size > 0 && at - this.#beganAt < FIRST_NUMBER_MS) return;
    const all = [...this.#members].sort(([one], [other]) => one < other ? -1 : 1);
    if (all.some(([, { value, joinedAt }]) => value === undefined && at - joinedAt < FIRST_NUMBER_MS)) return;
    const known = all.filter(([, { value }]) => value !== undefined);
    const value = known.reduce((sum, [, one]) => sum + one.value!, 0);
    if (!Number.isFinite(value)) return;
    const summed = known.map(([id]) => id).join(",");
    // The sum of other bots has no peak yet.
    if (summed !== this.#summed) this.#state = beginGuard(at);
    this.#summed = summed;
    const { peak } = this.#state;
    this.#evaluate({ type: "value", value, at });
    if (this.#state.peak !== peak) memory.changed(this.key, this.#snapshot, true);
  }

  /** Begins anew, also the peak. */
  reset(): void {
    this.#state = beginGuard(this.#options.clock.monotonic());
    this.#options.memory.changed(this.key, this.#snapshot, true);
  }

  /** Stops its timer. */
  [Symbol.dispose](): void {
    this.#timer?.abort();
  }

  #join(bot: string): void {
    const value = this.#missed.get(bot);
    this.#missed.delete(bot);
    this.#members.set(bot, {
      joinedAt: this.#options.clock.monotonic(),
      ...(value !== undefined && { value }),
    });
  }

  #evaluate(input: GuardInput): void {
    const { rule, clock, onNews, memory } = this.#options;
    const { state, verdict, againAt } = evaluateGuard(this.#state, input, rule);
    this.#state = state;
    if (verdict.type !== "nothing") {
      memory.changed(this.key, this.#snapshot, true);
      onNews(rule, state, verdict.type === "tripped");
    }
    this.#timer?.abort();
    if (againAt === undefined) return;
    const timer = this.#timer = new AbortController();
    clock.sleep(againAt - input.at, timer.signal).then(() => {
      if (!this.#options.isHolding()) this.#evaluate({ type: "tick", at: clock.monotonic() });
    }, () => {});
  }
}
