/**
 * Limits how often each of many callers may do something.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { Clock } from "../../lib/util/clock.ts";
import { ApiProblem } from "./api_problem.ts";

/** Callers that are remembered at once. */
const MAX_CALLERS = 10_000;

/** A limit. */
export interface Rate {
  /** How often a second, in the long run. */
  readonly perSecond: number;
  /** How often at once. */
  readonly burst: number;
}

/** Token buckets by caller. */
export class RateLimit {
  readonly #rate: Rate;
  readonly #clock: Clock;
  readonly #buckets = new LRUCache<string, { left: number; at: number }>({ max: MAX_CALLERS });

  /** @param rate The limit. @param clock The clock. */
  constructor(rate: Rate, clock: Clock) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /**
   * Counts one attempt.
   *
   * @param caller The caller.
   * @returns 0 if the caller may, else the time until it may, in ms.
   */
  take(caller: string): number {
    const { perSecond, burst } = this.#rate;
    const now = this.#clock.monotonic();
    const { left: before, at } = this.#buckets.get(caller) ?? { left: burst, at: now };
    const left = Math.min(burst, before + (now - at) / 1000 * perSecond);
    const mayGo = left >= 1;
    this.#buckets.set(caller, { left: mayGo ? left - 1 : left, at: now });
    return mayGo ? 0 : (1 - left) / perSecond * 1000;
  }

  /**
   * Counts one attempt.
   *
   * @param caller The caller.
   * @throws {ApiProblem} 429 if the caller does so too often.
   */
  require(caller: string): void {
    const waitMs = this.take(caller);
    if (waitMs > 0) throw tooMany(waitMs);
  }
}

function tooMany(waitMs: number): ApiProblem {
  const seconds = Math.ceil(waitMs / 1000);
  return new ApiProblem(429, "request/too-many", "There were too many requests in a short time.", {
    advice: `Try again in ${seconds} s.`,
    headers: { "retry-after": String(seconds) },
  });
}
