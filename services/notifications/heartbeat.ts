/**
 * Pings an address each minute, so that another service notices when Berth does not run.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { Secret } from "../../lib/util/secret.ts";
import type { Wakeup } from "../../lib/util/wakeup.ts";
import { tick } from "../control/tick.ts";

/** What {@linkcode beatHeart} needs. */
export interface HeartbeatOptions {
  /** The address. */
  readonly url: Secret;
  /** Whether this process serves. One that stands by is no sign of life of the service. */
  readonly isServing: () => boolean;
  /** Woken when it begins to serve. */
  readonly wakeup: Wakeup;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** The clock. */
  readonly clock: Clock;
}

/** Time between two pings, in ms. */
const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 10_000;

/**
 * Pings until the signal is aborted. A ping that fails is logged once in a row, and is not repeated before the next
 * minute.
 *
 * @param options See {@linkcode HeartbeatOptions}.
 * @returns Resolves at the end; never rejects.
 */
export async function beatHeart({ url, isServing, wakeup, signal, clock }: HeartbeatOptions): Promise<void> {
  const log = getLogger(["berth", "notifications"]);
  let hasFailed = false;
  await tick("heartbeat", INTERVAL_MS, { signal, clock, wakeup }, async () => {
    if (!isServing()) return;
    const problem = await ping(url, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
    if (problem !== undefined && !hasFailed && !signal.aborted) {
      // The address may be a secret.
      log.warn("heartbeat not received", { problem: problem.replaceAll(url.reveal(), "HEARTBEAT_URL") });
    }
    hasFailed = problem !== undefined;
  });
}

async function ping(url: Secret, signal: AbortSignal): Promise<string | undefined> {
  try {
    const response = await fetch(url.reveal(), { signal, redirect: "manual" });
    await response.body?.cancel().catch(() => {});
    return response.ok ? undefined : `HEARTBEAT_URL answers ${response.status}`;
  } catch (error) {
    return messageOf(error);
  }
}
