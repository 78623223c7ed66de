/**
 * Runs a bot's health command again and again.
 *
 * @module
 */

import type { CommandOutcome } from "../../lib/engine/container_orchestrator.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";
import { inOneLine } from "./signals.ts";

/** Longest part of what a command prints that is shown, in characters. */
const MAX_SHOWN = 200;

/** Dependencies of {@linkcode CommandWatch}. */
export interface CommandWatchOptions {
  /** Time from the beginning of one command to that of the next, in ms. */
  readonly intervalMs: number;
  /** Longest time that it may take, in ms. */
  readonly timeoutMs: number;
  /** Failures in a row that make the bot unhealthy. */
  readonly limit: number;
  /** When the first one is due, by the monotonic clock in ms. */
  readonly firstAt: number;
  /**
   * Runs the command.
   *
   * @param signal Cancels the call.
   * @throws The error that keeps it from running, which is not the bot's fault.
   */
  readonly run: (signal: AbortSignal) => Promise<CommandOutcome>;
  /** Called when the bot has become unhealthy. @param why The command's last outcome. */
  readonly onUnhealthy: (why: string) => void;
  /** Called after each command that succeeds. */
  readonly onHealthy: () => void;
  /** The clock. */
  readonly clock: Clock;
}

/** Runs the command, and counts its failures. */
export class CommandWatch {
  readonly #options: CommandWatchOptions;
  readonly #wakeup = new Wakeup();
  #dueAt: number;
  #failures = 0;
  #isPaused = false;
  /** How often the container was paused or went on. */
  #pauses = 0;

  /** @param options See {@linkcode CommandWatchOptions}. */
  constructor(options: CommandWatchOptions) {
    this.#options = options;
    this.#dueAt = options.firstAt;
  }

  /** Ends the grace period, because the bot is ready. */
  endGrace(): void {
    this.#dueAt = Math.min(this.#dueAt, this.#options.clock.monotonic() + this.#options.intervalMs);
    this.#wakeup.wake();
  }

  /** Runs no command while the container is paused. @param isPaused Whether it is. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#pauses++;
    this.#failures = 0;
    this.#wakeup.wake();
  }

  /**
   * Watches until the signal is aborted.
   *
   * @param signal Ends it.
   * @returns Never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, intervalMs } = this.#options;
    while (!signal.aborted) {
      const ms = Math.max(0, this.#dueAt - clock.monotonic());
      if (ms > 0 || this.#isPaused) {
        await this.#wakeup.sleep({ ...(!this.#isPaused && { ms }), clock, signal });
        continue;
      }
      this.#dueAt = clock.monotonic() + intervalMs;
      await this.#check(signal);
    }
  }

  async #check(signal: AbortSignal): Promise<void> {
    const { limit, onHealthy, onUnhealthy, timeoutMs } = this.#options;
    let outcome = await this.#run(signal);
    // Berth or the engine may have stood still meanwhile, so the time that it took proves nothing yet.
    if (outcome?.end === "timed-out" && this.#failures + 1 === limit) outcome = await this.#run(signal);
    if (!outcome) return;
    if (outcome.exitCode === 0) {
      this.#failures = 0;
      return onHealthy();
    }
    this.#failures++;
    if (this.#failures === limit) onUnhealthy(describeFailure(outcome, this.#failures, timeoutMs));
  }

  /** @returns The command's outcome; `undefined` if that says nothing of the bot. */
  async #run(signal: AbortSignal): Promise<CommandOutcome | undefined> {
    const before = this.#pauses;
    try {
      const outcome = await this.#options.run(signal);
      return signal.aborted || this.#pauses !== before ? undefined : outcome;
    } catch {
      // An engine that is down, or a container that is just ending.
      return undefined;
    }
  }
}

/**
 * Explains how a command failed.
 *
 * @param outcome Its outcome.
 * @param failures How often it failed in a row.
 * @param timeoutMs How long it may take, in ms.
 */
export function describeFailure(
  { end, exitCode, output }: CommandOutcome,
  failures: number,
  timeoutMs: number,
): string {
  const times = failures === 1 ? "failed" : `failed ${failures} times in a row`;
  const how = end === "timed-out"
    ? `it took longer than ${timeoutMs / 1000} s`
    : end === "flooded"
    ? "it printed more than 64 KiB"
    : `exit code ${exitCode}`;
  const last = end === "flooded" ? "" : inOneLine(output.split("\n").at(-1) ?? "", MAX_SHOWN);
  return `its command ${times}: ${how}${last === "" ? "" : `; last line: ${last}`}`;
}
