/**
 * Pings an address each minute, so that another service notices when Berth does not run.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { Secret } from "../../lib/util/secret.ts";
import { tick } from "../control/tick.ts";
import { addressSecrets, redacted } from "./address_secrets.ts";

/** Dependencies of {@linkcode Heartbeat}. */
export interface HeartbeatOptions {
  /** The address. @default nothing is pinged */
  readonly url: Secret | undefined;
  /** Whether this process serves. One that stands by is no sign of life of the service. */
  readonly isServing: () => boolean;
  /** The clock. */
  readonly clock: Clock;
}

/** Time between two pings, in ms. */
const INTERVAL_MS = 60_000;
const TIMEOUT_MS = 10_000;

/** Pings an address. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #hasFailed = false;
  readonly #log = getLogger(["berth", "notifications"]);

  /** @param options See {@linkcode HeartbeatOptions}. */
  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  /**
   * Pings at once and each minute until the signal is aborted. A ping that fails is logged once in a row, and the next
   * minute's is the retry.
   *
   * @param signal Ends it.
   * @returns Resolves at the end; never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { url, isServing, clock } = this.#options;
    if (!url) return;
    await tick("heartbeat", INTERVAL_MS, { signal, clock }, async () => {
      if (!isServing()) return;
      const problem = await ping(url, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]));
      if (problem !== undefined && !this.#hasFailed && !signal.aborted) {
        // The address may be a secret.
        this.#log.warn("heartbeat not received", {
          problem: redacted(problem, addressSecrets(url.reveal())),
        });
      }
      this.#hasFailed = problem !== undefined;
    });
  }
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
