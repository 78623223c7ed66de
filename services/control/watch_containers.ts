/**
 * The engine's hints, for ever.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { ContainerHint, Runner } from "../../lib/runner/runner.ts";
import { RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";

/** What {@linkcode watchContainers} needs. */
export interface WatchContainersOptions {
  /** The containers. */
  readonly runner: Pick<Runner, "watch">;
  /** Called with each hint. */
  readonly onEvent: (hint: ContainerHint) => unknown;
  /** Called when hints begin to arrive, also after each gap: what ended before is only in a list that is read after. */
  readonly onOpen: () => unknown;
  /** Where a connection that broke off is told. */
  readonly log: Logger;
  /** The clock. */
  readonly clock: Clock;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Follows the hints, over whatever becomes of the engine.
 *
 * @param options See {@linkcode WatchContainersOptions}.
 * @returns Resolves when the signal is given; never rejects.
 */
export async function watchContainers(options: WatchContainersOptions): Promise<void> {
  const { runner, onEvent, onOpen, log, clock, signal } = options;
  while (!signal.aborted) {
    try {
      for await (const hint of runner.watch({ signal, onOpen })) onEvent(hint);
    } catch (error) {
      if (signal.aborted) return;
      log.debug("engine's hints broke off", {
        problem: messageOf(error),
      });
    }
    await clock.sleep(RETRY.engine.minMs, signal).catch(() => {});
  }
}
