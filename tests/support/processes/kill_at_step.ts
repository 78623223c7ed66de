/**
 * Kills Berth at a step of what it does.
 *
 * @module
 */

import type { BerthProcess } from "./berth_process.ts";
import type { BotFixture } from "../fixtures/bot_fixture.ts";
import type { TcpProxy } from "../servers/tcp_proxy.ts";

/** After this long without a step, in ms, all is done. */
const QUIET_MS = 300;

/**
 * Kills Berth after a given number of pieces of data have passed between it and engine, database, event bus and object
 * store: before a request arrives, or after it was carried out and before Berth gets the answer.
 */
export class KillAtStep implements Disposable {
  readonly #proxies: readonly TcpProxy[];
  #steps = 0;
  #lastAt = performance.now();

  /**
   * @param fixture Where Berth works. @param berth The process that is killed. @param step When; `Infinity` for never.
   */
  constructor({ proxies }: Pick<BotFixture, "proxies">, berth: BerthProcess, step: number) {
    this.#proxies = Object.values(proxies);
    for (const proxy of this.#proxies) {
      proxy.onStep = () => {
        this.#lastAt = performance.now();
        if (++this.#steps === step) berth.signal("SIGKILL");
        return this.#steps < step;
      };
    }
  }

  /** How many steps there were. */
  get steps(): number {
    return this.#steps;
  }

  /** Whether nothing is done any more. */
  get isQuiet(): boolean {
    return performance.now() - this.#lastAt > QUIET_MS;
  }

  /** Kills nothing from here on. */
  [Symbol.dispose](): void {
    for (const proxy of this.#proxies) proxy.onStep = undefined;
  }
}
