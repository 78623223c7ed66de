/**
 * The steps before the first full read.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import { allSettledOrThrow } from "../../lib/util/promises.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";
import type { AccountBook } from "../leases/account_book.ts";
import type { RunGate } from "./run_gate.ts";

/** Dependencies of {@linkcode FirstRead}. */
export interface FirstReadOptions {
  /** Removes what a killed predecessor left on the engine. */
  readonly removeOrphans: (signal: AbortSignal) => Promise<unknown>;
  /** Knows whether a bot may run. @default {each may} */
  readonly gate?: RunGate;
  /** Gives each account to one bot at a time. @default {bots hold no accounts} */
  readonly accounts?: AccountBook;
  /** The clock. */
  readonly clock: Clock;
}

/** How long the first read waits for the engine's events, in ms: if they came later, everything would be read again. */
const WATCH_TIMEOUT_MS = 500;

/** Takes each step once; one that fails is taken again before the next read. */
export class FirstRead {
  readonly #options: FirstReadOptions;
  #isSwept = false;
  #isGateOpen = false;
  readonly #watch = Promise.withResolvers<void>();
  #holders: readonly string[] = [];

  /** @param options See {@linkcode FirstReadOptions}. */
  constructor(options: FirstReadOptions) {
    this.#options = options;
  }

  /** Reports that the engine's events arrive. */
  watchOpened(): void {
    this.#watch.resolve();
  }

  /** Takes the steps that are left. */
  async prepare(signal: AbortSignal): Promise<void> {
    await allSettledOrThrow([this.#sweep(signal), this.#openGate(signal)]);
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    if (this.#isSwept) return;
    await this.#options.removeOrphans(signal);
    this.#isSwept = true;
  }

  async #openGate(signal: AbortSignal): Promise<void> {
    if (this.#isGateOpen) return;
    const { gate, accounts, clock } = this.#options;
    const [, holders] = await allSettledOrThrow([gate?.open?.(signal), accounts?.load("bot", { signal })]);
    this.#holders = holders ?? [];
    await settledWithin(this.#watch.promise, WATCH_TIMEOUT_MS, clock);
    this.#isGateOpen = true;
  }

  /** Takes out the bots that held accounts when this process began. A pass over one that is gone releases them. */
  takeHolders(): readonly string[] {
    const holders = this.#holders;
    this.#holders = [];
    return holders;
  }
}
