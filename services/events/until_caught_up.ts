/**
 * Waits for the events that were published while Berth was down.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../lib/util/clock.ts";
import { doneOrAborted } from "../../lib/util/promises.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";
import type { BotEvents } from "./bot_events.ts";

/** How long an event bus that does not answer may delay the start, in ms. */
const CONNECT_TIMEOUT_MS = 10_000;
/** How long applying missed events may delay the start, in ms. */
const CATCH_UP_TIMEOUT_MS = 120_000;

/** Input of {@linkcode untilCaughtUp}. */
export interface UntilCaughtUpOptions {
  /** The events. */
  readonly events: Pick<BotEvents, "caughtUp" | "status">;
  /** The name for the log: `bots` or `schedules`. */
  readonly what: string;
  /** The clock. */
  readonly clock: Clock;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

/**
 * Waits until the documents contain the changes that were published while Berth was down: up to 10 s for a bus that
 * does not answer, up to 2 minutes for one whose events are being applied. After that, the documents count as they are,
 * and the log says so.
 *
 * @param options See {@linkcode UntilCaughtUpOptions}.
 * @returns Never rejects.
 */
export async function untilCaughtUp({ events, what, clock, signal }: UntilCaughtUpOptions): Promise<void> {
  const over = doneOrAborted(events.caughtUp(), signal);
  if (await settledWithin(over, CONNECT_TIMEOUT_MS, clock)) return;
  if (events.status().state === "catching-up") {
    if (await settledWithin(over, CATCH_UP_TIMEOUT_MS - CONNECT_TIMEOUT_MS, clock)) return;
  }
  const status = events.status();
  getLogger(["berth", what]).warn(
    "events published while Berth was down are not read yet; {what} are served from their current documents",
    { what, detail: "detail" in status ? status.detail : status.state },
  );
}
