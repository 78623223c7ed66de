/**
 * The guards of one bot: they read its lines, and report when one of them trips.
 *
 * @module
 */

import type { LiveLine } from "../../lib/logs/live_line.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { Run, RunWatch } from "../bots/run_watcher.ts";
import type { GuardRule } from "../documents/guard_settings.ts";
import type { GuardState, GuardVerdict } from "./evaluate_guard.ts";
import type { BotRemembers, GuardMemory } from "./guard_memory.ts";
import { GuardTimer, RECHECK_MS } from "./guard_timer.ts";
import { LineTimes } from "./line_times.ts";
import { type GuardLook, LiveGuard } from "./live_guard.ts";
import { Sight } from "./sight.ts";
import { restore } from "./take_over.ts";

/** A change of a guard. */
export interface GuardNews {
  /** Id of the bot. */
  readonly bot: string;
  /** The rule. */
  readonly rule: GuardRule;
  /** Its state after the change. */
  readonly state: GuardState;
  /** Why it trips; absent if its value is back within the limit. */
  readonly tripped?: "limit" | "missing";
  /** The last lines that the bot has printed. */
  readonly lastLines: readonly string[];
}

/** Dependencies of {@linkcode BotGuards}. */
export interface BotGuardsOptions {
  /** Id of the bot. */
  readonly bot: string;
  /** Where they keep what they remember. */
  readonly memory: GuardMemory;
  /** The clock. */
  readonly clock: Clock;
  /** Called when a guard trips or recovers. Must return soon and must not throw. */
  readonly onNews: (news: GuardNews) => void;
}

const LAST_LINES = 10;
const LINE_LENGTH = 500;
/** Age below which the start of a container may be unrecorded, because Berth was killed, in ms. */
const YOUNG_MS = 300_000;

/** Looks after one bot, over all of its runs. */
export class BotGuards {
  readonly #options: BotGuardsOptions;
  readonly #guards = new Map<string, LiveGuard>();
  readonly #lines: string[] = [];
  #cursor: string | undefined;
  /** The watch over the newest run: an earlier one may still wait for its last lines. */
  #turn: symbol | undefined;
  #container: string | undefined;
  #sight: Sight;
  #times: LineTimes;
  readonly #timer: GuardTimer;
  #syncLines: Run["syncLines"] = () => Promise.resolve();
  readonly #snapshot = (): BotRemembers => this.#remember();

  /** @param options See {@linkcode BotGuardsOptions}. */
  constructor(options: BotGuardsOptions) {
    this.#options = options;
    const { clock, memory, bot } = options;
    this.#cursor = memory.of(bot)?.cursor;
    this.#sight = new Sight(clock.monotonic());
    this.#times = new LineTimes(clock);
    this.#timer = new GuardTimer({
      clock,
      wouldTrip: (at) => this.#all.some((guard) => guard.wouldTrip(at)),
      syncLines: () => this.#syncLines(),
      onTime: (isSure) => this.#onTime(isSure),
    });
  }

  /** Shows a guard; `undefined` if the bot has none of that name. @param name Name of the guard. */
  look(name: string): GuardLook | undefined {
    return this.#guards.get(name)?.look();
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
    this.#timer.cancel();
    this.#syncLines = syncLines;
    this.#times = new LineTimes(clock);
    this.#sight = new Sight(clock.monotonic());
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
        if (isNewest()) this.#see({ isConnected });
      },
      onPause: (isPaused) => {
        if (isNewest()) this.#see({ isPaused });
      },
      [Symbol.dispose]: () => {
        if (isNewest()) this.#timer.cancel();
        void memory.flush(bot);
      },
    };
  }

  /** Lets a guard begin anew, also its peak. @param name Name of the guard. */
  reset(name: string): void {
    const { clock, memory, bot } = this.#options;
    const guard = this.#guards.get(name);
    if (!guard) return;
    guard.reset(clock.monotonic());
    memory.changed(bot, this.#snapshot, true);
    this.#wait();
  }

  get #all(): LiveGuard[] {
    return [...this.#guards.values()];
  }

  #take(rules: readonly GuardRule[], isSameRun: boolean): void {
    const { clock, memory, bot } = this.#options;
    const before = new Map(this.#guards);
    const stored = new Map(memory.of(bot)?.guards.map((guard) => [guard.rule.name, guard]));
    const options = { at: clock.monotonic(), now: clock.now(), isSameRun };
    this.#guards.clear();
    for (const rule of rules) {
      const live = before.get(rule.name);
      const guard = live?.goOn(rule, options) ??
        new LiveGuard(bot, rule, restore(rule, live ? undefined : stored.get(rule.name), options));
      this.#guards.set(rule.name, guard);
    }
  }

  #onLine(line: LiveLine, isNewest: boolean): void {
    const isLive = isNewest && this.#sight.isConnected;
    if (isNewest) {
      // Another watch of the run may have asked for earlier lines.
      if (!isLive && this.#cursor !== undefined && line.time < this.#cursor) return;
      this.#cursor = line.time;
    }
    this.#lines.push(line.text.slice(0, LINE_LENGTH));
    if (this.#lines.length > LAST_LINES) this.#lines.shift();
    const at = this.#times.timeOf(line.time, isLive);
    let isUrgent = false;
    if (line.metric) {
      for (const guard of this.#all) {
        const { peak, beyondSince } = guard.state;
        for (const verdict of guard.take(line.metric, line.time, at)) this.#report(guard, verdict);
        isUrgent ||= guard.state.peak !== peak || guard.state.beyondSince !== beyondSince;
      }
      this.#wait();
    }
    this.#options.memory.changed(this.#options.bot, this.#snapshot, isUrgent);
  }

  #see(change: Parameters<Sight["note"]>[0]): void {
    const at = this.#options.clock.monotonic();
    const ms = this.#sight.note(change, at);
    if (ms !== undefined) {
      for (const guard of this.#all) this.#report(guard, guard.evaluate({ type: "blind", ms, at }));
    }
    this.#wait();
  }

  #report(guard: LiveGuard, verdict: GuardVerdict): void {
    const { bot, memory, onNews } = this.#options;
    if (verdict.type === "nothing") return;
    memory.changed(bot, this.#snapshot, true);
    onNews({
      bot,
      rule: guard.rule,
      state: guard.state,
      lastLines: [...this.#lines],
      ...(verdict.type === "tripped" && { tripped: verdict.why }),
    });
  }

  /** One timer for all guards of the bot, and only if time can trip one. */
  #wait(): void {
    this.#timer.set(
      this.#sight.isBlind ? Infinity : Math.min(...this.#all.map(({ againAt }) => againAt ?? Infinity)),
    );
  }

  #onTime(isSure: boolean): void {
    const at = this.#options.clock.monotonic();
    this.#times.advance(at);
    for (const guard of this.#all) {
      if (isSure) this.#report(guard, guard.evaluate({ type: "tick", at }));
      else guard.postpone(at, at + RECHECK_MS);
    }
    this.#wait();
  }

  #remember(): BotRemembers {
    const { clock } = this.#options;
    const toWall = (at: number) => Math.round(clock.now() - (clock.monotonic() - at));
    return {
      ...(this.#cursor !== undefined && { cursor: this.#cursor }),
      guards: this.#all.map((guard) => guard.remember(toWall)),
    };
  }
}
