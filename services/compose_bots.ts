/**
 * Builds the bot service of one process, with what guards and watches its bots, and their backtests.
 *
 * @module
 */

import { systemClock } from "../lib/util/clock.ts";
import type { Runner } from "../lib/runner/runner.ts";
import { BacktestRepository } from "./backtests/backtest_repository.ts";
import { BacktestService } from "./backtests/backtest_service.ts";
import { BotIncidents } from "./bots/bot_incidents.ts";
import { BotService } from "./bots/bot_service.ts";
import { allGates } from "./bots/run_gate.ts";
import { KeptSessions } from "./bots/kept_sessions.ts";
import { SessionGate } from "./bots/session_gate.ts";
import type { SharedParts } from "./compose_shared.ts";
import type { ServiceConfig } from "./config.ts";
import { Guards } from "./guards/guards.ts";
import { ReadyBots } from "./health/ready_bots.ts";
import { Watchdog } from "./health/watchdog.ts";
import type { Incidents } from "./notifications/incidents.ts";

/** The bot service of one process. */
export interface ComposedBots extends AsyncDisposable {
  /** The bot service. */
  readonly service: BotService;
  /** The guards of its bots. */
  readonly guards: Guards;
  /** Records of backtests. */
  readonly backtests: BacktestRepository;
  /** Runs backtests. */
  readonly backtestService: BacktestService;
  /** Runs the bots, their backtests and their guards until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Creates the reporter of incidents of bots. */
  watch(incidents: Incidents): BotIncidents;
}

/**
 * Builds the bot service. Reads and starts nothing yet.
 *
 * @param config The configuration.
 * @param parts See {@linkcode SharedParts}.
 * @returns The service. Dispose it when it has ended.
 */
export function composeBots(config: ServiceConfig, parts: SharedParts): ComposedBots {
  const { stores, runner, events, calendars, metrics, notifications, removeOrphans, isNewStore } = parts;
  const { incidents } = notifications.of.bots;
  const clock = systemClock;
  const whyIdle = () => parts.whyIdle("bots");
  const guards = new Guards({
    records: stores.records,
    incidents,
    wake: (id) => service.wake(id),
    fleetFile: `${config.runner.dataDir}/guards.yaml`,
    latchFile: `${config.runner.dataDir}/unstored-latches-${config.runner.instance}.json`,
    onRules: () => service.reviewWatches(),
    clock,
  });
  const ready = new ReadyBots(stores.records);
  const watchdog = new Watchdog({
    runner,
    ready,
    healthOf: (id) => service.healthOf(id),
    onHealth: (id, health) => service.setHealth(id, health),
    incidents,
    clock,
  });
  const sessions = new KeptSessions(stores.records);
  const service: BotService = new BotService({
    ...config,
    onOutage: (part, problem) => notifications.outages.report(`bots ${part}`, problem),
    gate: allGates([guards, new SessionGate({ calendars, clock, kept: sessions })]),
    accounts: parts.accounts,
    watchers: [guards, watchdog],
    lastSettings: (id) => guards.lastSettings(id),
    meter: metrics,
    repository: stores.bots,
    events: events.of.bots,
    runner,
    removeOrphans: removeOrphans.bots,
    bounds: config.runner.bounds,
    calendars,
    isNewStore,
    whyIdle,
  });
  guards.follow(service.state);
  service.state.subscribe((id, bot) => {
    if (!bot || bot.condition.type === "disabled") sessions.note(id, undefined);
    if (bot) return;
    ready.forget(id);
    runner.forgetMetrics(id);
  });
  metrics.watchGuards(guards);
  if (config.services.includes("bots")) metrics.watchEvents("bots", events.of.bots);
  const backtests = new BacktestRepository(stores.records);
  const backtestService = new BacktestService({
    ...config,
    meter: metrics,
    repository: backtests,
    runner,
    instance: config.runner.instance,
    removeOrphans: removeOrphans.bots,
    whyIdle,
  });
  if (config.services.includes("bots")) {
    metrics.watchBots({ bots: service.state, runner, allowed: config.allowedMetrics });
  }
  return {
    service,
    guards,
    backtests,
    backtestService,
    async run(signal) {
      // The process that serves the bots also runs their backtests.
      await Promise.all([service.run(signal), backtestService.run(signal), guards.run(signal)]);
    },
    watch: (incidents) =>
      new BotIncidents({
        state: service.state,
        incidents,
        lastLine: (id, signal) => lastLineOf(runner, id, signal),
        clock,
      }),
    [Symbol.asyncDispose]: () => guards[Symbol.asyncDispose](),
  };
}

/** Reads the last line that a bot has printed. */
async function lastLineOf(runner: Runner, id: string, signal: AbortSignal): Promise<string | undefined> {
  for await (const { text } of runner.readLogs(id, { tail: 1, signal })) return text;
}
