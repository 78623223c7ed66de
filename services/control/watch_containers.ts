/**
 * Watches the engine's containers, across disconnections.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { ContainerHint, Runner } from "../../lib/runner/runner.ts";
import { RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";

/** Input of {@linkcode watchContainers}. */
export interface WatchContainersOptions {
  /** The containers. */
  readonly runner: Pick<Runner, "watch">;
  /** Called with each event of a container. */
  readonly onEvent: (hint: ContainerHint) => unknown;
  /**
   * Called when events begin to arrive, also after each gap. Only a list read after this shows what ended
   * before.
   */
  readonly onOpen: () => unknown;
  /** Receives lost connections. */
  readonly log: Logger;
  /** The clock. */
  readonly clock: Clock;
  /** Ends the watch. */
  readonly signal: AbortSignal;
}

/**
 * Watches the containers, and reconnects whenever the engine's event stream breaks.
 *
 * @returns Resolves when the signal is aborted; never rejects.
 */
export async function watchContainers(options: WatchContainersOptions): Promise<void> {
  const { runner, onEvent, onOpen, log, clock, signal } = options;
  while (!signal.aborted) {
    try {
      for await (const hint of runner.watch({ signal, onOpen })) onEvent(hint);
    } catch (error) {
      if (signal.aborted) return;
      log.debug("lost the engine's event stream", {
        problem: messageOf(error),
      });
    }
    await clock.sleep(RETRY.engine.minMs, signal).catch(() => {});
  }
}
