/**
 * A service that runs while its process has the right to serve.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { InstanceLockedError } from "../../lib/runner/instance_lock.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { OutageListener } from "../control/outage_log.ts";
import { untilDone } from "../control/until_done.ts";
import type { ServingRight } from "./serving_right.ts";

/** Options of {@linkcode serveWhileHeld}. */
export interface ServeWhileHeldOptions {
  /** The right. */
  readonly right: ServingRight;
  /** Runs the service until the signal is given. */
  readonly serve: (signal: AbortSignal) => Promise<void>;
  /** Whether containers of the service go on running; asked after its end. */
  readonly isLeavingBots: () => Promise<boolean>;
  /** Called when the right cannot be asked for, and when it can. @default {nothing is called} */
  readonly onOutage?: OutageListener;
  /** Ends the service. */
  readonly signal: AbortSignal;
  /** Logs what the service waits for. */
  readonly log: Logger;
  /** The clock. */
  readonly clock: Clock;
}

/**
 * Waits for the right, then runs the service until the signal is given or the right is lost.
 *
 * @param options See {@linkcode ServeWhileHeldOptions}.
 * @throws {InstanceLockedError} when another process of the same instance serves on this host.
 * @throws {ServingRightLostError} when another service has taken the right over.
 */
export async function serveWhileHeld(options: ServeWhileHeldOptions): Promise<void> {
  const { right, serve, isLeavingBots, onOutage, signal, log, clock } = options;
  try {
    const isFinal = (error: unknown) => error instanceof InstanceLockedError;
    await untilDone("right to serve", (signal) => right.acquire(signal), {
      log,
      signal,
      clock,
      isFinal,
      ...(onOutage && { onOutage }),
    });
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  const ended = new AbortController();
  const keeping = right.keep(ended.signal);
  try {
    await serve(AbortSignal.any([signal, right.lost]));
    await right.release({ isLeavingBots: await isLeavingBots().catch(() => true) });
  } finally {
    ended.abort();
    await keeping;
  }
  if (right.lost.aborted) {
    await untilDone("bots that another host serves", (signal) => right.standDown(signal), {
      log,
      signal,
      clock,
    }).catch((error) => {
      if (!signal.aborted) throw error;
    });
  }
  if (right.lost.aborted && !signal.aborted) throw right.lost.reason;
}
