/**
 * Metrics of each bot: whether it runs, its state, since when, and its restarts by reason.
 *
 * @module
 */

import type { BotCondition, RunningBot, StopReason } from "../bots/bot_condition.ts";
import type { BotActivity, ServiceState } from "../bots/service_state.ts";
import type { Exit } from "../../lib/runner/describe_exit.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import type { Usage } from "../contract/events.ts";
import type { AllowedMetric } from "./allowed_metrics.ts";
import { BotUsageMetrics } from "./bot_usage_metrics.ts";
import type { MetricFamilies } from "./metric_families.ts";

/** The part of the bot service that the metrics read. */
export type BotsPort = Pick<ServiceState, "getAllRunningBots" | "subscribe" | "subscribeActivity">;

/** Input of {@linkcode BotMetrics.watch}. */
export interface WatchedBots {
  /** Their states. */
  readonly bots: BotsPort;
  /** Gives the last of their own metrics. */
  readonly runner: Pick<Runner, "latestMetric">;
  /** Which of these are shown. */
  readonly allowed: readonly AllowedMetric[];
  /** Gives what containers use, by the engine's id, as it was measured last. */
  readonly usageOf: (containerId: string) => Usage | undefined;
}

/** Stops after which the bot is started again. */
const REASONS: Readonly<Partial<Record<StopReason, string>>> = {
  "replaced": "replaced",
  "code lost": "code_lost",
  "secrets changed": "secrets_changed",
  "restart asked for": "requested",
};

const MAX_ID_LENGTH = 128;

/** Takes the measurements of bots. A bot that is gone has no series. */
export class BotMetrics {
  readonly #families: MetricFamilies;
  readonly #restarts;
  /** Why the last container of a bot ended, until the next one starts. */
  readonly #ends = new Map<string, string>();
  /** The reasons for which each bot was restarted. */
  readonly #reasons = new Map<string, Set<string>>();

  /** @param families Where its metrics are made. */
  constructor(families: MetricFamilies) {
    this.#families = families;
    this.#restarts = families.counter(
      "berth_bot_restarts_total",
      "Containers of a bot that were started in place of another one, by the reason.",
      ["bot", "reason"],
    );
  }

  /**
   * Shows the bots of a service.
   *
   * @param watched See {@linkcode WatchedBots}.
   */
  watch({ bots, runner, allowed, usageOf }: WatchedBots): void {
    const up = this.#families.gauge("berth_bot_up", "1 if the bot's container runs, else 0.", ["bot"]);
    const state = this.#families.gauge(
      "berth_bot_state",
      "1 for the state that the bot is in; other states have no series.",
      ["bot", "state"],
    );
    const started = this.#families.gauge(
      "berth_bot_start_time_seconds",
      "When the bot's container was started, as Unix time.",
      ["bot"],
    );
    const attempt = this.#families.gauge(
      "berth_bot_attempt",
      "Starts in a row of the bot, including that of its container.",
      ["bot"],
    );
    const own = this.#families.gauge(
      "berth_bot_metric",
      "Last number that the running bot has printed for a metric that METRICS_ALLOW names.",
      ["bot", "metric", "field"],
    );
    const usage = new BotUsageMetrics(this.#families);
    this.#families.onPage(() => {
      for (const gauge of [up, state, started, attempt, own, usage]) gauge.reset();
      for (const status of bots.getAllRunningBots()) {
        const { condition, startedAt, attempt: starts, containerId } = status;
        const bot = labelOf(status.id);
        const isRunning = isUp(status);
        up.set({ bot }, isRunning ? 1 : 0);
        state.set({ bot, state: condition.type }, 1);
        if (startedAt) started.set({ bot }, startedAt.getTime() / 1000);
        if (starts !== undefined) attempt.set({ bot }, starts);
        if (!isRunning) continue;
        usage.set(bot, usageOf(containerId!));
        for (const { metric, field } of allowed) {
          const value = runner.latestMetric(status.id, metric)?.fields[field];
          if (isNumber(value)) own.set({ bot, metric, field }, Number(value));
        }
      }
    });
    bots.subscribeActivity((activity) => this.#count(activity));
    bots.subscribe((id, bot) => bot || this.#forget(id));
  }

  #count(activity: BotActivity): void {
    const { id } = activity;
    if (activity.type === "exited") this.#ends.set(id, exitReason(activity.exit));
    else if (activity.type === "stopped") {
      const reason = REASONS[activity.why];
      if (reason === undefined) this.#ends.delete(id);
      else this.#ends.set(id, reason);
    } else if (activity.type === "started") {
      const reason = this.#ends.get(id) ?? (activity.attempt > 1 ? "failed_start" : undefined);
      this.#ends.delete(id);
      if (reason === undefined) return;
      this.#restarts.inc({ bot: labelOf(id), reason });
      this.#reasons.set(id, (this.#reasons.get(id) ?? new Set()).add(reason));
    }
  }

  #forget(id: string): void {
    this.#ends.delete(id);
    for (const reason of this.#reasons.get(id) ?? []) this.#restarts.remove({ bot: labelOf(id), reason });
    this.#reasons.delete(id);
  }
}

/** Conditions in which the container that is known may not run. */
const NOT_UP: ReadonlySet<BotCondition["type"]> = new Set(["starting", "stopping", "waiting"]);

function isUp({ condition, containerId }: RunningBot): boolean {
  return containerId !== undefined && !NOT_UP.has(condition.type);
}

/** A document may have any id, also one that no container can have. */
function labelOf(id: string): string {
  return id.slice(0, MAX_ID_LENGTH);
}

/** Bots print strings, too, and `null` for NaN. */
function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" ? Number.isFinite(value) : typeof value === "bigint";
}

function exitReason({ oomKilled, exitCode, diskUse }: Exit): string {
  if (diskUse) return "disk_full";
  if (oomKilled) return "out_of_memory";
  return exitCode === 0 ? "ended" : "crashed";
}
