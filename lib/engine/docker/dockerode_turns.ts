/**
 * How many calls of a kind go to an engine at once. Docker 20.10 deadlocks for good when hundreds of containers end at
 * the same moment, and no engine is faster with more: its own work is the bound.
 *
 * @module
 */

import { EngineUnavailableError } from "../../errors.ts";
import { Limiter } from "../../util/limiter.ts";

/** Kinds of calls that are bounded each by itself. */
export type EngineCallKind = "read" | "start" | "stop" | "remove";

/** How many calls of each kind go at once, and for how long one is counted. */
export interface EngineTurnLimits {
  /** Inspections, lists, files and openings of logs. @default {16} */
  readonly read: number;
  /** Creations and starts. @default {8} */
  readonly start: number;
  /** Stops that have just been sent. @default {16} */
  readonly stop: number;
  /** Removals. @default {4} */
  readonly remove: number;
  /** After so long, in ms, a stop counts no more: a bot that uses its grace period holds up no other. @default {1_000} */
  readonly stopHoldMs: number;
  /** How long a call waits for its turn, in ms. @default {120_000} */
  readonly waitMs: number;
}

/** The limits that hold where no others are given. */
export const DEFAULT_TURN_LIMITS: EngineTurnLimits = {
  read: 16,
  start: 8,
  stop: 16,
  remove: 4,
  stopHoldMs: 1_000,
  waitMs: 120_000,
};

/** The turns of one engine: calls of a kind begin in the order in which they were asked for. */
export class DockerodeTurns {
  readonly #limits: EngineTurnLimits;
  readonly #limiters: Readonly<Record<EngineCallKind, Limiter>>;

  /** @param limits Limits that differ from the defaults. */
  constructor(limits: Partial<EngineTurnLimits> = {}) {
    this.#limits = { ...DEFAULT_TURN_LIMITS, ...limits };
    const { read, start, stop, remove } = this.#limits;
    this.#limiters = {
      read: new Limiter(read),
      start: new Limiter(start),
      stop: new Limiter(stop),
      remove: new Limiter(remove),
    };
  }

  /**
   * Makes a call when its turn has come. Time limits of the call itself begin then.
   *
   * @param kind Kind of the call.
   * @param what What it does, as in "Cannot …".
   * @param signal Gives up the wait for the turn.
   * @param call Makes the call.
   * @returns What the call returns.
   * @throws {EngineUnavailableError} If its turn does not come.
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
    const tooLate = new EngineUnavailableError(
      `Cannot ${what}: for ${
        waitMs / 1000
      } s the engine has not finished the calls before it. See whether it hangs.`,
    );
    const timer = setTimeout(() => given.abort(tooLate), waitMs);
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
