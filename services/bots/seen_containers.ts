/**
 * What was last seen of the containers of each bot.
 *
 * @module
 */

import type { ManagedContainer } from "../../lib/runner/runner.ts";

/**
 * Bots that had no container when one last looked, and bots that had one, running. It may be out of date: it is good for
 * doing something about which the engine says so then (there is no such container, or its name is taken), not for doing
 * nothing.
 */
export class SeenContainers {
  readonly #seen = new Map<string, readonly ManagedContainer[]>();
  /** Bots whose containers may be others than a list shows that is being read. */
  readonly #moved = new Set<string>();

  /** A list of all containers is about to be read. */
  beginList(): void {
    this.#moved.clear();
  }

  /**
   * Keeps what the list shows, unless something was done to the bot meanwhile.
   *
   * @param id Id of the bot.
   * @param containers Its containers.
   */
  list(id: string, containers: readonly ManagedContainer[]): void {
    if (!this.#moved.has(id)) this.#keep(id, containers);
  }

  /**
   * Keeps what somebody who looked has seen, or has made.
   *
   * @param id Id of the bot.
   * @param containers Its containers.
   */
  see(id: string, containers: readonly ManagedContainer[]): void {
    this.#moved.add(id);
    this.#keep(id, containers);
  }

  /**
   * Gives what was seen, once: whoever takes it is about to change it.
   *
   * @param id Id of the bot.
   * @returns None, or one that runs; `undefined` when one has to look.
   */
  take(id: string): readonly ManagedContainer[] | undefined {
    const seen = this.#seen.get(id);
    this.forget(id);
    return seen;
  }

  /**
   * Forgets what was seen.
   *
   * @param id Id of the bot.
   */
  forget(id: string): void {
    this.#moved.add(id);
    this.#seen.delete(id);
  }

  /** Of others than those that run the engine has more to say than a list shows. */
  #keep(id: string, containers: readonly ManagedContainer[]): void {
    const isClear = containers.length <= 1 &&
      containers.every(({ phase, isForeign }) => phase === "running" && !isForeign);
    if (isClear) this.#seen.set(id, containers);
    else this.#seen.delete(id);
  }
}
