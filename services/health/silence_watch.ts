/**
 * Notices that a bot gives no signal any more.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";

/** A timer that fires this much too late, in ms, shows that this process was stopped meanwhile. */
const AWAY_MS = 5000;

/** Dependencies of {@linkcode SilenceWatch}. */
export interface SilenceWatchOptions {
  /** Longest time without a signal, in ms. */
  readonly maxSilenceMs: number;
  /** When the bot's grace period ends, by the monotonic clock in ms. */
  readonly graceEndsAt: number;
  /**
   * Makes sure that the bot is silent: every signal so far is given to {@linkcode SilenceWatch.hear}.
   *
   * @returns False if the bot cannot give any, for example because it is paused.
   * @throws The error that keeps it from being known.
   */
  readonly confirm: () => Promise<boolean>;
  /** Called when the bot has become silent. @param silentMs How long it has printed nothing, in ms. */
  readonly onSilent: (silentMs: number) => void;
  /** The clock. */
  readonly clock: Clock;
}

/**
 * Measures silence. Only time in which signals can be received counts: whenever something prevented that, the bot
 * gets its full time again. Nothing happens for a signal but a look at the clock, and there is one timer.
 */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  readonly #wakeup = new Wakeup();
  #heardAt: number;
  /** From when on silence counts. */
  #countsFrom: number;
  #canHear = false;
  #isSilent = false;

  /** @param options See {@linkcode SilenceWatchOptions}. */
  constructor(options: SilenceWatchOptions) {
    this.#options = options;
    this.#heardAt = options.clock.monotonic();
    this.#countsFrom = Math.max(this.#heardAt, options.graceEndsAt);
  }

  /** Whether the bot is silent. */
  get isSilent(): boolean {
    return this.#isSilent;
  }

  /** Records a signal. */
  hear(): void {
    this.#heardAt = this.#options.clock.monotonic();
    if (!this.#isSilent) return;
    this.#isSilent = false;
    this.#wakeup.wake();
  }

  /** Ends the grace period, because the bot is ready. */
  endGrace(): void {
    this.#countsFrom = Math.min(this.#countsFrom, this.#options.clock.monotonic());
    this.#wakeup.wake();
  }

  /** Records whether signals can be received. @param canHear Whether they can. */
  setHearing(canHear: boolean): void {
    if (canHear === this.#canHear) return;
    this.#canHear = canHear;
    if (canHear) this.#giveFullTime();
    this.#wakeup.wake();
  }

  /**
   * Watches until the signal is aborted.
   *
   * @param signal Ends it.
   * @returns Never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      const dueAt = this.#dueAt;
      const ms = dueAt === undefined ? undefined : Math.max(0, dueAt - clock.monotonic());
      if (ms !== 0) await this.#wakeup.sleep({ ...(ms !== undefined && { ms }), clock, signal });
      const now = clock.monotonic();
      if (signal.aborted || dueAt === undefined || now < dueAt || this.#dueAt !== dueAt) continue;
      if (now - dueAt > AWAY_MS) this.#giveFullTime();
      else await this.#judge(signal);
    }
  }

  /** When the bot counts as silent unless a signal comes; `undefined` while it cannot become silent. */
  get #dueAt(): number | undefined {
    if (!this.#canHear || this.#isSilent) return undefined;
    return Math.max(this.#heardAt, this.#countsFrom) + this.#options.maxSilenceMs;
  }

  async #judge(signal: AbortSignal): Promise<void> {
    const { confirm, onSilent, clock } = this.#options;
    const before = this.#dueAt;
    const isSure = await confirm().catch(() => false);
    if (signal.aborted || this.#dueAt !== before) return;
    if (!isSure) return this.#giveFullTime();
    this.#isSilent = true;
    onSilent(clock.monotonic() - this.#heardAt);
  }

  #giveFullTime(): void {
    this.#countsFrom = Math.max(this.#countsFrom, this.#options.clock.monotonic());
  }
}
