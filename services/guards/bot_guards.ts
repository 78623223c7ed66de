/**
 * The guards of one bot: they read its lines, and say when one of them trips.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { LiveLine } from "../../lib/logs/live_line.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { Run, RunWatch } from "../bots/run_watcher.ts";
import type { GuardAction, GuardRule } from "../documents/guard_settings.ts";
import { beginGuard, evaluateGuard, type GuardInput, type GuardState } from "./evaluate_guard.ts";
import type { BotRemembers, GuardMemory } from "./guard_memory.ts";
import { metricValue } from "./metric_value.ts";

/** What a guard has to say. */
export interface GuardNews {
  /** Id of the bot. */
  readonly bot: string;
  /** The rule. */
  readonly rule: GuardRule;
  /** What it remembers. */
  readonly state: GuardState;
  /** Why it trips; absent if its value is back within the limit. */
  readonly tripped?: "limit" | "missing";
  /** The last lines that the bot has printed. */
  readonly lastLines: readonly string[];
}

/** What {@linkcode BotGuards} need. */
export interface BotGuardsOptions {
  /** Id of the bot. */
  readonly bot: string;
  /** Where they keep what they remember. */
  readonly memory: GuardMemory;
  /** The clock. */
  readonly clock: Clock;
  /** Takes what they say. Must return soon and must not throw. */
  readonly onNews: (news: GuardNews) => void;
}

/** A guard as it is shown. */
export interface GuardLook {
  /** What it remembers. */
  readonly state: GuardState;
  /** When the last number came: RFC 3339. */
  readonly valueAt?: string;
  /** What the bot has printed instead of a number, last. */
  readonly oddity?: string;
}

interface Guard {
  rule: GuardRule;
  state: GuardState;
  valueAt?: string;
  oddity?: string | undefined;
  againAt?: number | undefined;
}

const LAST_LINES = 10;
const LINE_LENGTH = 500;
/** A container that is younger may be one whose begin nobody has noted, as Berth was killed, in ms. */
const YOUNG_MS = 300_000;
/** When time is looked at again if the engine does not say what the bot has printed, in ms. */
const RECHECK_MS = 5_000;

interface Timer {
  readonly at: number;
  readonly stop: AbortController;
}

/** Looks after one bot, over all of its runs. */
export class BotGuards {
  readonly #options: BotGuardsOptions;
  readonly #guards = new Map<string, Guard>();
  readonly #lines: string[] = [];
  #cursor: string | undefined;
  /** The watch over the newest run: an earlier one may still wait for its last lines. */
  #turn: symbol | undefined;
  #container: string | undefined;
  #isConnected = false;
  #isPaused = false;
  #blindSince: number | undefined;
  #lastAt = -Infinity;
  #timer: Timer | undefined;
  #syncLines: Run["syncLines"] = () => Promise.resolve();
  readonly #log = getLogger(["berth", "guards"]);
  readonly #snapshot = (): BotRemembers => this.#remember();

  /** @param options See {@linkcode BotGuardsOptions}. */
  constructor(options: BotGuardsOptions) {
    this.#options = options;
    this.#cursor = options.memory.of(options.bot)?.cursor;
  }

  /** Shows a guard; `undefined` if the bot has none of that name. @param name Name of the guard. */
  look(name: string): GuardLook | undefined {
    const guard = this.#guards.get(name);
    if (!guard) return undefined;
    const { state, valueAt, oddity } = guard;
    return { state, ...(valueAt !== undefined && { valueAt }), ...(oddity !== undefined && { oddity }) };
  }

  /**
   * Begins to read the lines of a run.
   *
   * @param run The run.
   * @param rules The rules.
   */
  watch({ container, isNew, syncLines }: Run, rules: readonly GuardRule[]): RunWatch {
    const { clock, memory, bot } = this.#options;
    const turn = this.#turn = Symbol();
    const isNewest = () => this.#turn === turn;
    this.#stopTimer();
    this.#syncLines = syncLines;
    this.#lastAt = -Infinity;
    this.#blindSince = clock.monotonic();
    this.#isConnected = this.#isPaused = false;
    const isSame = this.#container === container.containerId;
    this.#container = container.containerId;
    this.#take(rules, isSame || !isNew);
    const { startedAt = container.createdAt } = container;
    const isYoung = clock.now() - startedAt.getTime() < YOUNG_MS;
    const since = this.#cursor ?? (isYoung ? startedAt.toISOString() : undefined);
    memory.changed(bot, this.#snapshot, true);
    return {
      ...(since !== undefined && { since }),
      onLine: (line) => this.#onLine(line, isNewest()),
      onConnection: (isConnected) => {
        if (isNewest()) this.#see(isConnected, this.#isPaused);
      },
      onPause: (isPaused) => {
        if (isNewest()) this.#see(this.#isConnected, isPaused);
      },
      [Symbol.dispose]: () => {
        if (isNewest()) this.#stopTimer();
        void memory.flush(bot);
      },
    };
  }

  /** Lets a guard begin anew, also its peak. @param name Name of the guard. */
  reset(name: string): void {
    const { clock, memory, bot } = this.#options;
    const guard = this.#guards.get(name);
    if (!guard) return;
    guard.state = beginGuard(clock.monotonic());
    memory.changed(bot, this.#snapshot, true);
    this.#wait();
  }

  /** A rule that looks at something else begins anew, and one whose limit changes goes on. */
  #take(rules: readonly GuardRule[], isSameRun: boolean): void {
    const { clock, memory, bot } = this.#options;
    const before = new Map(this.#guards);
    const kept = new Map(memory.of(bot)?.guards.map((guard) => [guard.rule.name, guard]));
    const at = clock.monotonic();
    this.#guards.clear();
    for (const rule of rules) {
      const live = before.get(rule.name);
      if (live && isAlike(live.rule, rule)) {
        const { tripped: before, peak, ...rest } = live.state;
        // What told somebody only may have to stop the bot now.
        const tripped = before && actionOf(live.rule, before) === "alert" && actionOf(rule, before) === "stop"
          ? undefined
          : before;
        const state = isSameRun
          ? { ...rest, ...(peak !== undefined && { peak }), ...(tripped && { tripped }), quietSince: at }
          : { ...beginGuard(at, peak === undefined ? {} : { peak }), ...(tripped && { tripped }) };
        this.#guards.set(rule.name, { ...live, rule, state });
        continue;
      }
      const stored = live ? undefined : kept.get(rule.name);
      const { peak, beyondAt, told } = stored && isAlike(stored.rule, rule) ? stored : {};
      const beyondMs = isSameRun && beyondAt !== undefined ? Math.max(0, clock.now() - beyondAt) : undefined;
      const state = {
        ...beginGuard(at, {
          ...(peak !== undefined && { peak }),
          ...(beyondMs !== undefined && { beyondMs }),
        }),
        ...(told && actionOf(rule, told) === "alert" && { tripped: told }),
      };
      this.#guards.set(rule.name, { rule, state });
    }
  }

  #onLine(line: LiveLine, isNewest: boolean): void {
    const isLive = isNewest && this.#isConnected;
    if (isNewest) {
      // Another watch of the run may have asked for earlier lines.
      if (!isLive && this.#cursor !== undefined && line.time < this.#cursor) return;
      this.#cursor = line.time;
    }
    this.#lines.push(line.text.slice(0, LINE_LENGTH));
    if (this.#lines.length > LAST_LINES) this.#lines.shift();
    const { metric } = line;
    let isUrgent = false;
    if (metric) {
      const at = this.#timeOf(line.time, isLive);
      for (const guard of this.#guards.values()) {
        if (guard.rule.metric !== metric.type) continue;
        const read = metricValue(metric, guard.rule);
        if ("oddity" in read) {
          this.#noteOddity(guard, read.oddity);
          continue;
        }
        const { peak, beyondSince } = guard.state;
        guard.valueAt = line.time;
        guard.oddity = undefined;
        this.#evaluate(guard, { type: "value", value: read.value, at });
        isUrgent ||= guard.state.peak !== peak || guard.state.beyondSince !== beyondSince;
      }
      this.#wait();
    }
    this.#options.memory.changed(this.#options.bot, this.#snapshot, isUrgent);
  }

  /** What is not a number is like nothing, and is said once. */
  #noteOddity(guard: Guard, oddity: string): void {
    if (guard.oddity === undefined) {
      const { name, metric, field } = guard.rule;
      this.#log.warn("guard got no number", {
        id: this.#options.bot,
        guard: name,
        metric,
        field,
        is: oddity,
      });
    }
    guard.oddity = oddity;
  }

  /**
   * Lines that come late were printed in the order of their times; those that come as they are printed need no clock but
   * this machine's.
   */
  #timeOf(time: string, isLive: boolean): number {
    const { clock } = this.#options;
    const now = clock.monotonic();
    const ageMs = isLive ? 0 : Math.max(0, clock.now() - Date.parse(time)) || 0;
    return this.#lastAt = Math.max(this.#lastAt, Math.min(now, now - ageMs));
  }

  #see(isConnected: boolean, isPaused: boolean): void {
    this.#isConnected = isConnected;
    this.#isPaused = isPaused;
    const at = this.#options.clock.monotonic();
    if (!isConnected || isPaused) this.#blindSince ??= at;
    else if (this.#blindSince !== undefined) {
      const ms = at - this.#blindSince;
      this.#blindSince = undefined;
      for (const guard of this.#guards.values()) this.#evaluate(guard, { type: "blind", ms, at });
    }
    this.#wait();
  }

  #evaluate(guard: Guard, input: GuardInput): void {
    const { state, verdict, againAt } = evaluateGuard(guard.state, input, guard.rule);
    guard.state = state;
    guard.againAt = againAt;
    if (verdict.type === "nothing") return;
    this.#options.memory.changed(this.#options.bot, this.#snapshot, true);
    const others = [...this.#guards.values()].some((one) => one.state.tripped !== undefined);
    if (verdict.type === "recovered" && others) return;
    this.#options.onNews({
      bot: this.#options.bot,
      rule: guard.rule,
      state,
      lastLines: [...this.#lines],
      ...(verdict.type === "tripped" && { tripped: verdict.why }),
    });
  }

  /** One timer for all guards of the bot, and only if time can trip one. It may come early: then it is set again. */
  #wait(): void {
    const next = this.#blindSince === undefined
      ? Math.min(...[...this.#guards.values()].map(({ againAt }) => againAt ?? Infinity))
      : Infinity;
    if (this.#timer && this.#timer.at <= next && next !== Infinity) return;
    this.#stopTimer();
    if (next === Infinity) return;
    const { clock } = this.#options;
    const timer = this.#timer = { at: next, stop: new AbortController() };
    clock.sleep(Math.max(0, next - clock.monotonic()), timer.stop.signal)
      .then(() => this.#onTime(timer), () => {});
  }

  /** Before time trips a guard, whatever the bot has printed is read. The timer stays meanwhile, so that it can end. */
  async #onTime({ stop: { signal } }: Timer): Promise<void> {
    const { clock } = this.#options;
    let isSure = true;
    if (this.#wouldTrip(clock.monotonic())) {
      isSure = await this.#syncLines().then(() => true, () => false);
      if (signal.aborted) return;
    }
    this.#timer = undefined;
    const at = this.#lastAt = Math.max(this.#lastAt, clock.monotonic());
    for (const guard of this.#guards.values()) {
      if (isSure) this.#evaluate(guard, { type: "tick", at });
      else {
        guard.state = { ...guard.state, quietSince: at };
        guard.againAt = at + RECHECK_MS;
      }
    }
    this.#wait();
  }

  #wouldTrip(at: number): boolean {
    return [...this.#guards.values()].some(({ state, rule }) =>
      evaluateGuard(state, { type: "tick", at }, rule).verdict.type === "tripped"
    );
  }

  #stopTimer(): void {
    this.#timer?.stop.abort();
    this.#timer = undefined;
  }

  #remember(): BotRemembers {
    const { clock } = this.#options;
    const toWall = (at: number) => Math.round(clock.now() - (clock.monotonic() - at));
    return {
      ...(this.#cursor !== undefined && { cursor: this.#cursor }),
      guards: [...this.#guards.values()].map(({ rule, state: { peak, beyondSince, tripped } }) => ({
        rule,
        ...(tripped && actionOf(rule, tripped) === "alert" && { told: tripped }),
        ...(peak !== undefined && { peak }),
        ...(beyondSince !== undefined && { beyondAt: toWall(beyondSince) }),
      })),
    };
  }
}

function actionOf({ action, onMissing }: GuardRule, why: "limit" | "missing"): GuardAction {
  return why === "limit" ? action : onMissing?.action ?? "alert";
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
