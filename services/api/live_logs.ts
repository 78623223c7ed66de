/**
 * The logs that somebody follows: one reader a bot, however many follow it.
 *
 * @module
 */

import type { Runner } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { LiveLog } from "./live_log.ts";

/** Opens a bot's log for its first follower, and closes it after the last. */
export class LiveLogs implements Disposable {
  readonly #runner: Pick<Runner, "readLogs">;
  readonly #clock: Clock;
  readonly #logs = new Map<string, { readonly live: LiveLog; followers: number }>();

  /** @param runner Reads the logs. @param clock The clock. */
  constructor(runner: Pick<Runner, "readLogs">, clock: Clock) {
    this.#runner = runner;
    this.#clock = clock;
  }

  /** Number of logs that are followed. */
  get size(): number {
    return this.#logs.size;
  }

  /** Follows a log until the result is disposed. @param id Id of the bot. */
  follow(id: string): { readonly live: LiveLog } & Disposable {
    const log = this.#logs.get(id) ?? { live: new LiveLog(id, this.#runner, this.#clock), followers: 0 };
    log.followers++;
    this.#logs.set(id, log);
    return {
      live: log.live,
      [Symbol.dispose]: () => {
        if (--log.followers > 0) return;
        log.live.close();
        if (this.#logs.get(id) === log) this.#logs.delete(id);
      },
    };
  }

  /** Closes all. */
  [Symbol.dispose](): void {
    for (const { live } of this.#logs.values()) live.close();
    this.#logs.clear();
  }
}
