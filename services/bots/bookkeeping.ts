/**
 * Work that nothing waits for, such as notes in the database: bots that are to start come first.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import { doneOrAborted } from "../../lib/util/promises.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";
import type { WorkQueue } from "../control/work_queue.ts";

/** Number of passes under way beside which the work is done at once. */
const FEW = 4;
/** How long work waits at most, in ms: passes may wait for bots that take long to stop. */
const MAX_DELAY_MS = 10_000;

/** Does such work at once beside a few passes over bots, else once none is under way. */
export class Bookkeeping {
  readonly #queue: Pick<WorkQueue, "untilAtMost" | "depth" | "active">;
  readonly #clock: Clock;
  readonly #pending = new Set<Promise<void>>();
  #calm: Promise<void> | undefined;

  /** @param queue The passes. @param clock The clock. */
  constructor(queue: Pick<WorkQueue, "untilAtMost" | "depth" | "active">, clock: Clock) {
    this.#queue = queue;
    this.#clock = clock;
  }

  /** Does work, after at most 10 s. @param work Never rejects. */
  add(work: () => Promise<void>): void {
    const done: Promise<void> = this.#do(work).then(() => void this.#pending.delete(done));
    this.#pending.add(done);
  }

  /**
   * Waits until all of it is done. The queue must be drained, so that nothing has to wait any more.
   *
   * @param signal Ends the wait.
   */
  async drain(signal: AbortSignal): Promise<void> {
    while (this.#pending.size > 0 && !signal.aborted) {
      await doneOrAborted(Promise.all(this.#pending), signal);
    }
  }

  /** Work that waits is done together: its reads and writes share calls. */
  async #untilCalm(): Promise<void> {
    await settledWithin(this.#queue.untilAtMost(0), MAX_DELAY_MS, this.#clock);
    this.#calm = undefined;
  }

  async #do(work: () => Promise<void>): Promise<void> {
    const { depth, active } = this.#queue;
    if (depth + active > FEW) await (this.#calm ??= this.#untilCalm());
    await work();
  }
}
