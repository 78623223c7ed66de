/**
 * The steps before the first full read.
 *
 * @module
 */

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
}

/** Takes each step once; one that fails is taken again before the next read. */
export class FirstRead {
  readonly #options: FirstReadOptions;
  #isSwept = false;
  #isGateOpen = false;
  #holders: readonly string[] = [];

  /** @param options See {@linkcode FirstReadOptions}. */
  constructor(options: FirstReadOptions) {
    this.#options = options;
  }

  /** Takes the steps that are left. */
  async prepare(signal: AbortSignal): Promise<void> {
    const { removeOrphans, gate, accounts } = this.#options;
    if (!this.#isSwept) await removeOrphans(signal);
    this.#isSwept = true;
    if (this.#isGateOpen) return;
    await gate?.open?.(signal);
    this.#holders = await accounts?.load("bot", { signal }) ?? [];
    this.#isGateOpen = true;
  }

  /** Takes out the bots that held accounts when this process began. A pass over one that is gone releases them. */
  takeHolders(): readonly string[] {
    const holders = this.#holders;
    this.#holders = [];
    return holders;
  }
}
