/**
 * The metrics of one process, and who reports them.
 *
 * @module
 */

import type { RunnerMeter } from "../../lib/runner/runner_meter.ts";
import type { Usage } from "../contract/events.ts";
import type { Meter, MeteredService, QueueMeter } from "../control/meter.ts";
import { BotMetrics, type WatchedBots } from "./bot_metrics.ts";
import { MetricFamilies } from "./metric_families.ts";
import { NotificationMetrics } from "./notification_metrics.ts";
import { showProcess } from "./process_metrics.ts";
import { QueueMetrics } from "./queue_metrics.ts";
import { type SchedulesPort, showRuns } from "./run_metrics.ts";
import { makeRunnerMeter } from "./runner_metrics.ts";
import { StoreMetrics } from "./store_metrics.ts";
import type { UsageSampler } from "./usage_sampler.ts";
import type { MetricsPage, PageFormat } from "./write_page.ts";

/** Upper bounds of the lag of events, in seconds. */
const EVENT_LAG_BUCKETS = [0.01, 0.05, 0.25, 1, 5, 30, 300];

/** Dependencies of {@linkcode ServiceMetrics}. */
export interface ServiceMetricsOptions {
  /** Version of Berth. */
  readonly version: string;
}

/** Takes what the parts of a process report, and prints it for Prometheus. */
export class ServiceMetrics implements Meter {
  readonly #families = new MetricFamilies();
  readonly #queues = new QueueMetrics(this.#families);
  readonly #eventLags = this.#families.histogram(
    "berth_event_lag_seconds",
    "Time from the publication of an event until its document was stored.",
    EVENT_LAG_BUCKETS,
    ["service"],
  );
  readonly #eventsConnected = this.#families.gauge(
    "berth_events_connected",
    "1 if changes of documents arrive as they are published; 0 while the event bus is down, or missed ones are applied.",
    ["service"],
  );
  readonly #bots = new BotMetrics(this.#families);
  /** Takes the measurements of the runner. */
  readonly runner: RunnerMeter = makeRunnerMeter(this.#families);
  /** Counts the errors of stores. */
  readonly stores: StoreMetrics = new StoreMetrics(this.#families);
  /** Takes the measurements of notifications. */
  readonly notifications: NotificationMetrics = new NotificationMetrics(this.#families);

  readonly #age = this.#families.gauge(
    "berth_usage_age_seconds",
    "Age of what is shown of processor time and memory: scrapes share measurements that are made in the background.",
  );
  readonly #duration = this.#families.gauge(
    "berth_usage_duration_seconds",
    "How long that measurement of all containers took.",
  );
  #sampler: Pick<UsageSampler, "latest"> | undefined;
  /** The latest usage of containers, by the engine's id. */
  #usages: ReadonlyMap<string, Usage> = new Map();

  /** @param options See {@linkcode ServiceMetricsOptions}. */
  constructor({ version }: ServiceMetricsOptions) {
    showProcess(this.#families, version);
  }

  /** {@inheritDoc Meter.queue} */
  queue(service: MeteredService): QueueMeter {
    return this.#queues.of(service);
  }

  /** {@inheritDoc Meter.eventStored} */
  eventStored(service: MeteredService, lagMs: number): void {
    this.#eventLags.observe({ service }, lagMs / 1000);
  }

  /** Shows the bots of this process. Call it once. @param watched The bots. */
  watchBots(watched: Omit<WatchedBots, "usageOf">): void {
    this.#bots.watch({ ...watched, usageOf: (containerId) => this.#usages.get(containerId) });
  }

  /** Shows which guards hold. @param guards Gives them at any time; must not throw. */
  watchGuards(guards: { latches(): readonly { readonly bot: string; readonly guard: string }[] }): void {
    const gauge = this.#families.gauge(
      "berth_guard_latched",
      "1 for each guard that has tripped and waits for a release; others have no series.",
      ["bot", "guard"],
    );
    this.#families.onPage(() => {
      gauge.reset();
      for (const { bot, guard } of guards.latches()) gauge.set({ bot, guard }, 1);
    });
  }

  /**
   * Shows whether changes of documents arrive as they are published.
   *
   * @param service The service that owns the documents.
   * @param events Gives the state at any time; must not throw.
   */
  watchEvents(service: MeteredService, events: { status(): { readonly state: string } }): void {
    this.#families.onPage(() => {
      this.#eventsConnected.set({ service }, events.status().state === "connected" ? 1 : 0);
    });
  }

  /** Shows what bots use. @param sampler Measures it. */
  watchUsage(sampler: Pick<UsageSampler, "latest">): void {
    this.#sampler = sampler;
  }

  /** Shows the runs of this process. Call it once. @param schedules The scheduler's state. */
  watchSchedules(schedules: SchedulesPort): void {
    showRuns(this.#families, schedules);
  }

  /** Prints all metrics. @param format The format. */
  page(format: PageFormat): MetricsPage {
    const round = this.#sampler?.latest();
    this.#usages = new Map(round?.usages.map((usage) => [usage.containerId, usage]));
    for (const gauge of [this.#age, this.#duration]) gauge.remove();
    if (round) {
      this.#age.set(round.ageMs / 1000);
      this.#duration.set(round.durationMs / 1000);
    }
    return this.#families.page(format);
  }
}
