/**
 * Builds the schedule service of one process.
 *
 * @module
 */

import { systemClock } from "../lib/util/clock.ts";
import type { SharedParts } from "./compose_shared.ts";
import type { ServiceConfig } from "./config.ts";
import type { Incidents } from "./notifications/incidents.ts";
import { tick } from "./control/tick.ts";
import type { Guards } from "./guards/guards.ts";
import { RunIncidents } from "./schedules/run_incidents.ts";
import { ScheduleService } from "./schedules/schedule_service.ts";

/** The schedule service of one process. */
export interface ComposedSchedules {
  /** The schedule service. */
  readonly service: ScheduleService;
  /** Runs the schedules until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Creates the reporter of incidents of runs. */
  watch(incidents: Incidents): RunIncidents;
}

/** How often the folder of own calendars is looked at, in ms. */
const CALENDAR_LOOK_MS = 5_000;

/**
 * Builds the schedule service. Reads and starts nothing yet.
 *
 * @param config The configuration.
 * @param parts See {@linkcode SharedParts}.
 * @param guards Hold bots, and schedules of the same id.
 */
export function composeSchedules(
  config: ServiceConfig,
  parts: SharedParts,
  guards: Pick<Guards, "whyHeld">,
): ComposedSchedules {
  const { stores, runner, events, calendars, metrics, notifications, removeOrphans, whyIdle } = parts;
  const { instance, bounds } = config.runner;
  const service = new ScheduleService({
    ...config,
    onOutage: (part, problem) => notifications.outages.report(`schedules ${part}`, problem),
    meter: metrics,
    repository: stores.schedules,
    runs: stores.runs,
    events: events.of.schedules,
    accounts: parts.accounts,
    runner,
    bounds,
    calendars,
    instance,
    removeOrphans: removeOrphans.schedules,
    whyHeld: (id, signal) => guards.whyHeld(id, signal),
    whyIdle: () => whyIdle("schedules"),
  });
  if (config.services.includes("schedules")) {
    metrics.watchSchedules(service.state);
    metrics.watchEvents("schedules", events.of.schedules);
  }
  return {
    service,
    async run(signal) {
      // The first look is at the state that the first read of all schedules goes by.
      await Promise.all([
        service.run(signal),
        tick("calendars", CALENDAR_LOOK_MS, { signal, clock: systemClock }, () => {
          if (calendars.hasChanged()) service.calendarsChanged();
          return Promise.resolve();
        }),
      ]);
    },
    watch: (incidents) =>
      new RunIncidents({ ...stores, state: service.state, incidents, instance, clock: systemClock }),
  };
}
