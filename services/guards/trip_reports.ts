/**
 * Acts when a guard of a bot trips or recovers: its latch, the stop of the bot, and the notifications.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../lib/util/clock.ts";
import type { GuardRule } from "../documents/guard_settings.ts";
import type { Incidents } from "../notifications/incidents.ts";
import type { GuardNews } from "./bot_guards.ts";
import { describeTrip, tripNumbers } from "./describe_trip.ts";
import { botGuardIncident, GUARD_KIND, guardIncidentKey } from "./guard_incidents.ts";
import type { Latch } from "./latch.ts";
import type { LatchBook } from "./latch_book.ts";
import { actionOf } from "./take_over.ts";

/** Options of {@linkcode TripReports}. */
export interface TripReportsOptions {
  /** The latches. */
  readonly book: LatchBook;
  /** Takes what people should know. */
  readonly incidents: Incidents;
  /** Has a pass made over a bot. */
  readonly wake: (bot: string) => void;
  /** The clock. */
  readonly clock: Clock;
}

/** Reports the bots' own guards. */
export class TripReports {
  readonly #options: TripReportsOptions;
  readonly #log = getLogger(["berth", "guards"]);

  /** @param options See {@linkcode TripReportsOptions}. */
  constructor(options: TripReportsOptions) {
    this.#options = options;
  }

  /**
   * Reports what has become of a guard. Never rejects.
   *
   * @param news Its new state.
   */
  async report({ bot, rule, state, tripped, lastLines }: GuardNews): Promise<void> {
    const { clock, wake, incidents, book } = this.#options;
    const { name: guard } = rule;
    const key = guardIncidentKey({ bot, guard });
    if (tripped === undefined) {
      if (!book.get({ bot, guard })) {
        incidents.close(key, { text: `Its guard '${guard}' is within its limit again.` });
      }
      return;
    }
    const text = describeTrip(rule, tripped, state);
    const action = actionOf(rule, tripped);
    this.#log.error("guard tripped", { id: bot, guard, text, action });
    const latch: Latch = {
      bot,
      guard,
      at: new Date(clock.now()).toISOString(),
      action,
      text,
      ...tripNumbers(rule, tripped, state),
      lastLines,
    };
    const isNew = !rule.latch || await book.trip(latch);
    if (action === "stop") wake(bot);
    if (!isNew) return;
    // An alert of this guard that is open must not hide the stop.
    if (action === "stop") incidents.close(key, { isQuiet: true });
    incidents.open(botGuardIncident(latch, rule.latch));
  }

  /**
   * Ends the alerts of guards that somebody has removed. A latch stays, and so does its incident.
   *
   * @param bot Id of the bot.
   * @param rules The guards that it still has.
   */
  forgetAlerts(bot: string, rules: readonly GuardRule[]): void {
    const { incidents, book } = this.#options;
    for (const key of incidents.keys()) {
      const { kind, bot: id, guard } = key;
      if (kind !== GUARD_KIND || id !== bot || guard === undefined) continue;
      if (rules.some(({ name }) => name === guard) || book.get({ bot, guard })) continue;
      incidents.close(key, { isQuiet: true });
    }
  }

  /** Ends incidents of earlier versions, which do not name their guard: nothing else would end them. */
  forgetUnnamed(): void {
    const { incidents } = this.#options;
    for (const key of incidents.keys()) {
      if (key.kind === GUARD_KIND && key.guard === undefined) incidents.close(key, { isQuiet: true });
    }
  }

  /**
   * Notifies people of a latch of an earlier process, which may have ended before it did. Does nothing if they know.
   *
   * @param latch The latch.
   */
  notifyAgain(latch: Latch): void {
    this.#options.incidents.open(botGuardIncident(latch, true));
  }
}
