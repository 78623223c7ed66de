/**
 * Limits the number of concurrent calls to an engine. Docker 20.10 deadlocks for good if hundreds of containers end at
 * the same moment, and no engine gets faster with more calls.
 *
 * @module
 */

import { EngineUnavailableError } from "../../errors.ts";
import { Limiter } from "../../util/limiter.ts";

/** Kinds of calls with a limit of their own. */
export type EngineCallKind = "read" | "measure" | "start" | "stop" | "remove";

/** Numbers of concurrent calls of each kind, and related times. */
export interface EngineTurnLimits {
  /** Inspections, lists, files and openings of logs. @default {16} */
  readonly read: number;
  /** Measurements of containers. Docker 20.10 answers each at its next tick, up to a second later. @default {64} */
  readonly measure: number;
  /** Creations and starts. @default {16} */
  readonly start: number;
  /** Stops that were sent within the last `stopHoldMs`. @default {16} */
  readonly stop: number;
  /** Removals. @default {4} */
  readonly remove: number;
  /** How long a stop counts, in ms: a bot that uses its grace period must not delay others. @default {1_000} */
  readonly stopHoldMs: number;
  /** Longest wait for a turn, in ms. @default {120_000} */
  readonly waitMs: number;
}

/** Default limits. */
export const DEFAULT_TURN_LIMITS: EngineTurnLimits = {
  read: 16,
  measure: 64,
  start: 16,
  stop: 16,
  remove: 4,
  stopHoldMs: 1_000,
  waitMs: 120_000,
};

/** Lets the calls of one engine take turns: those of one kind begin in the order of their requests. */
export class DockerodeTurns {
  readonly #limits: EngineTurnLimits;
  readonly #limiters: Readonly<Record<EngineCallKind, Limiter>>;

  /** @param limits Limits that differ from the defaults. */
  constructor(limits: Partial<EngineTurnLimits> = {}) {
    this.#limits = { ...DEFAULT_TURN_LIMITS, ...limits };
    const { read, measure, start, stop, remove } = this.#limits;
    this.#limiters = {
      read: new Limiter(read),
      measure: new Limiter(measure),
      start: new Limiter(start),
      stop: new Limiter(stop),
      remove: new Limiter(remove),
    };
  }

  /**
   * Makes a call once its turn comes. The time limits of the call itself begin then.
   *
   * @param kind Kind of the call.
   * @param what The purpose of the call, as a clause that follows "Cannot".
   * @param signal Cancels the wait for the turn.
   * @param call Makes the call.
   * @returns The result of the call.
   * @throws {EngineUnavailableError} If the turn does not come within `waitMs`.
   */
  async take<T>(
    kind: EngineCallKind,
    what: string,
    signal: AbortSignal | undefined,
    call: () => Promise<T>,
  ): Promise<T> {
    const { waitMs, stopHoldMs } = this.#limits;
    const given = new AbortController();
    const giveUp = () => given.abort(signal?.reason);
    if (signal?.aborted) giveUp();
    signal?.addEventListener("abort", giveUp, { once: true });
    const timer = setTimeout(() => given.abort(tooLate(what, waitMs)), waitMs);
    const onTurn = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
      return call();
    };
    try {
      return await this.#limiters[kind].run(onTurn, given.signal, kind === "stop" ? stopHoldMs : undefined);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
    }
  }
}

function tooLate(what: string, waitMs: number): EngineUnavailableError {
  return new EngineUnavailableError(
    `Cannot ${what}: for ${waitMs / 1000} s the engine has not finished earlier calls.`,
    { advice: "Check whether it hangs." },
  );
}
