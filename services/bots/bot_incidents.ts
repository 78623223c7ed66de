/**
 * Opens and ends the incidents of each bot.
 *
 * @module
 */

import { describeOwnExit } from "../../lib/runner/describe_exit.ts";
import type { Clock } from "../../lib/util/clock.ts";
import {
  type Incident,
  INCIDENT_KINDS,
  type IncidentKind,
  type Incidents,
} from "../notifications/incidents.ts";
import { describeCondition, isUp, type RunningBot } from "./bot_condition.ts";
import type { BotActivity, ServiceState } from "./service_state.ts";

/** Dependencies of {@linkcode BotIncidents}. */
export interface BotIncidentsOptions {
  /** The status of the bots. */
  readonly state: Pick<ServiceState, "subscribe" | "subscribeActivity" | "getRunningBot">;
  /** Notifies people. */
  readonly incidents: Incidents;
  /** Reads the last line that a bot has printed. @default nothing is shown */
  readonly lastLine?: (id: string, signal: AbortSignal) => Promise<string | undefined>;
  /** The clock. */
  readonly clock: Clock;
}

/** The kinds of incidents that follow from a bot's condition. */
const KINDS = ["bot.crash_loop", "bot.failed", "bot.invalid", "bot.oom"] as const;
/** The kinds that are over once an operator, a guard or the session has ended a bot. */
const KINDS_WHILE_WANTED = [...KINDS, "bot.silent", "bot.unhealthy"] as const;
/** The kinds that are over with the bot. Stops by guards stay: a bot that is made again under its id is held, too. */
const KINDS_OF_BOT = INCIDENT_KINDS.filter((kind) => kind !== "bot.guard_tripped");
/** A bot that has ended by itself this often in a row is in a crash loop. */
export const CRASHES_IN_A_ROW = 3;
/** A bot that has run this long again has recovered, in ms. */
export const RECOVERED_AFTER_MS = 60_000;
/**
 * A bot that cannot be started this long needs a person, in ms: problems with pulls and names often resolve themselves.
 */
export const FAILED_AFTER_MS = 60_000;
/** How long the last line of a bot is waited for, in ms. */
const LAST_LINE_MS = 2_000;

/** Conditions in which a bot cannot be started, and tries again. */
const FAILING: ReadonlySet<RunningBot["condition"]["type"]> = new Set([
  "failed",
  "image-missing",
  "blocked",
  "held",
]);

/** The judgement of a bot's status: incidents to open, incidents that have recovered, and when to look again. */
export interface BotVerdict {
  /** Incidents that are open. */
  readonly open: readonly Incident[];
  /** Kinds that have recovered. */
  readonly recovered: readonly IncidentKind[];
  /** Kinds that are over because an operator asked for it. */
  readonly over: readonly IncidentKind[];
  /** When to judge again although nothing changes, in ms since the epoch. */
  readonly againAt?: number;
}

/**
 * Judges the status of a bot. Pure: no I/O, no clock.
 *
 * @param bot Its status.
 * @param failingSince Since when it cannot be started, in ms since the epoch; `undefined` if it can.
 * @param now The time, in ms since the epoch.
 */
export function judgeBot(bot: RunningBot, failingSince: number | undefined, now: number): BotVerdict {
  const { id, condition, startedAt } = bot;
  const opens = (
    kind: IncidentKind,
    severity: Incident["severity"],
    title: string,
    text: string,
  ): BotVerdict => ({
    open: [{ kind, bot: id, severity, title, text }],
    recovered: kind === "bot.invalid" ? [] : ["bot.invalid"],
    over: [],
  });
  const text = describeCondition(condition);
  if (isUp(condition)) {
    const recoversAt = (startedAt?.getTime() ?? now) + RECOVERED_AFTER_MS;
    const isLong = recoversAt <= now;
    return {
      open: [],
      recovered: isLong ? KINDS : ["bot.invalid", "bot.failed"],
      over: [],
      ...(!isLong && { againAt: recoversAt }),
    };
  }
  switch (condition.type) {
    case "disabled":
      return { open: [], recovered: [], over: KINDS_WHILE_WANTED };
    case "latched":
    case "outside-session":
      return { open: [], recovered: ["bot.invalid"], over: KINDS_WHILE_WANTED };
    case "completed":
      return { open: [], recovered: KINDS, over: [] };
    case "invalid": {
      const severity = condition.stillRunning ? "warning" : "critical";
      return opens("bot.invalid", severity, "its document cannot be run", text);
    }
    case "backing-off":
      if (condition.nextAttempt <= CRASHES_IN_A_ROW) break;
      return opens(
        "bot.crash_loop",
        "critical",
        "it crashes again and again",
        `It has ended ${condition.nextAttempt - 1} times in a row, the last time with ${
          describeOwnExit(condition)
        }. It is started again.`,
      );
  }
  if (!FAILING.has(condition.type)) return { open: [], recovered: ["bot.invalid"], over: [] };
  const opensAt = "endedAt" in condition && condition.endedAt ? now : (failingSince ?? now) + FAILED_AFTER_MS;
  if (opensAt > now) return { open: [], recovered: ["bot.invalid"], over: [], againAt: opensAt };
  return opens("bot.failed", "critical", "it does not run", text);
}

/** Follows the status of the bots. Costs nothing while no status changes. */
export class BotIncidents {
  readonly #options: BotIncidentsOptions;
  readonly #failingSince = new Map<string, number>();
  readonly #timers = new Map<string, AbortController>();
  #signal: AbortSignal = AbortSignal.abort();

  /** @param options See {@linkcode BotIncidentsOptions}. */
  constructor(options: BotIncidentsOptions) {
    this.#options = options;
  }

  /**
   * Follows until the signal is aborted.
   *
   * @param signal Ends it.
   * @returns Resolves at the end; never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { state } = this.#options;
    this.#signal = signal;
    const stops = [
      state.subscribe((id, bot) => this.#onStatus(id, bot)),
      state.subscribeActivity((activity) => this.#onActivity(activity)),
    ];
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    if (!signal.aborted) await promise;
    for (const stop of stops) stop();
    for (const timer of this.#timers.values()) timer.abort();
    this.#timers.clear();
  }

  #onStatus(id: string, bot: RunningBot | undefined): void {
    const { incidents, clock } = this.#options;
    this.#timers.get(id)?.abort();
    this.#timers.delete(id);
    if (!bot) {
      this.#failingSince.delete(id);
      return incidents.closeAll(id, KINDS_OF_BOT);
    }
    const { type } = bot.condition;
    const now = clock.now();
    if (!FAILING.has(type)) {
      // A start that may fail again changes nothing yet.
      if (type !== "starting") this.#failingSince.delete(id);
    } else if (!this.#failingSince.has(id)) this.#failingSince.set(id, now);
    const verdict = judgeBot(bot, this.#failingSince.get(id), now);
    for (const kind of verdict.recovered) incidents.close({ kind, bot: id }, { text: describeEnd(bot) });
    incidents.closeAll(id, verdict.over);
    for (const incident of verdict.open) if (!incidents.isOpen(incident)) void this.#open(incident);
    this.#judgeLater(bot, verdict.againAt);
  }

  /** A bot that runs well needs no timer. */
  #needsReview(id: string, condition: RunningBot["condition"]): boolean {
    return !isUp(condition) || KINDS.some((kind) => this.#options.incidents.isOpen({ kind, bot: id }));
  }

  #judgeLater({ id, condition }: RunningBot, at: number | undefined): void {
    const { clock, state } = this.#options;
    if (at === undefined || this.#signal.aborted || !this.#needsReview(id, condition)) return;
    this.#timers.get(id)?.abort();
    const timer = new AbortController();
    this.#timers.set(id, timer);
    clock.sleep(at - clock.now(), timer.signal).then(
      () => this.#onStatus(id, state.getRunningBot(id)),
      () => {},
    );
  }

  #onActivity(activity: BotActivity): void {
    if (activity.type !== "exited" || !activity.exit.oomKilled) return;
    const { id, exit } = activity;
    void this.#open({
      kind: "bot.oom",
      bot: id,
      severity: "warning",
      title: "it ran out of memory",
      text: `It ended with ${describeOwnExit(exit)}. Give it more with memory_mb, or find out what it keeps.`,
    });
  }

  async #open(incident: Incident): Promise<void> {
    const { incidents, lastLine, state, clock } = this.#options;
    const { bot: id = "", kind, text } = incident;
    const wasKnown = state.getRunningBot(id) !== undefined;
    const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(LAST_LINE_MS)]);
    const line = kind === "bot.invalid" ? undefined : await lastLine?.(id, signal).catch(() => undefined);
    // Meanwhile the bot may have been disabled or removed, or may have recovered.
    const bot = state.getRunningBot(id);
    const verdict = bot && judgeBot(bot, this.#failingSince.get(id), clock.now());
    if (verdict ? isOver(kind, bot, verdict) : wasKnown) return;
    incidents.open({ ...incident, text: line === undefined ? text : `${text}\nIts last line: ${line}` });
    if (verdict) this.#judgeLater(bot, verdict.againAt);
  }
}

/** Whether what has just begun is over. An exit at the memory limit is reported before the status shows the exit. */
function isOver(kind: IncidentKind, { condition }: RunningBot, { recovered, over }: BotVerdict): boolean {
  if (kind === "bot.oom" && isUp(condition)) return false;
  return over.includes(kind) || recovered.includes(kind);
}

function describeEnd({ condition, startedAt }: RunningBot): string {
  if (!isUp(condition) || !startedAt) return `It is ${describeCondition(condition)}.`;
  return `It has been running since ${startedAt.toISOString()}.`;
}
