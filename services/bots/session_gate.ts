/**
 * Lets a bot run only during the trading sessions that its document names.
 *
 * @module
 */

import type { Calendars } from "../calendars/calendar.ts";
import { describeEnd } from "../calendars/calendar_end.ts";
import { sessionWindow } from "../calendars/session_window.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { KeptSessions } from "./kept_sessions.ts";
import type { GateAnswer, GatedBot, RunGate } from "./run_gate.ts";

/** Longest time between two questions, in ms: clocks are set, and timers end at 2^31 ms. */
const MAX_AGAIN_MS = 3_600_000;

/** Dependencies of {@linkcode SessionGate}. */
export interface SessionGateOptions {
  /** The trading calendars. */
  readonly calendars: Calendars;
  /** The clock. */
  readonly clock: Pick<Clock, "now">;
  /** Keeps sessions for documents that break. @default {none are kept} */
  readonly kept?: Pick<KeptSessions, "load" | "note" | "of">;
}

/** Answers from calendar and clock. */
export class SessionGate implements RunGate {
  readonly #options: SessionGateOptions;

  /** @param options See {@linkcode SessionGateOptions}. */
  constructor(options: SessionGateOptions) {
    this.#options = options;
  }

  /** {@inheritDoc RunGate.open} */
  async open(signal: AbortSignal): Promise<void> {
    await this.#options.kept?.load(signal);
  }

  /** {@inheritDoc RunGate.ask} */
  ask({ id, settings }: GatedBot): GateAnswer {
    const { calendars, clock, kept } = this.#options;
    if (settings) kept?.note(id, settings.session);
    const session = settings ? settings.session : kept?.of(id);
    if (!session) return {};
    const calendar = calendars.get(session.calendar);
    // A bot keeps running: what nobody knows is no reason to stop it in the middle of a trade.
    if ("problem" in calendar) return waitFor(`a calendar to follow: ${calendar.problem}`);
    const now = clock.now();
    const window = sessionWindow(calendar, session, Math.floor(now / 1000));
    if (window.type === "unknown") return waitFor(`a newer calendar: ${describeEnd(calendar)}`);
    const againInMs = Math.min(MAX_AGAIN_MS, Math.max(0, window.until * 1000 - now));
    if (window.type === "inside") return { againInMs };
    const { next } = window;
    return {
      refusal: {
        condition: {
          type: "outside-session",
          reason: `${calendar.name} has no session now${
            next === undefined ? `; ${describeEnd(calendar)}` : ""
          }`,
          ...(next !== undefined && { until: new Date(next * 1000) }),
        },
        stop: { why: "session over", cause: `as its session of ${calendar.name} is over` },
      },
      againInMs,
    };
  }
}

function waitFor(what: string): GateAnswer {
  return { refusal: { condition: { type: "waiting", for: what } } };
}
