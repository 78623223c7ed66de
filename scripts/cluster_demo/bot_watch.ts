/**
 * Observes the bot of the cluster demo, and the nodes.
 *
 * @module
 */

import type { ApiClient } from "../../cli/client/api_client.ts";
import { followLog } from "../../cli/client/read_logs.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { until } from "../../tests/support/until.ts";
import type { Story } from "./story.ts";

/** A line of the counting bot. */
export interface Tick {
  readonly count: number;
  /** `LEASE_EPOCH` of the copy that printed it. */
  readonly epoch: number;
  /** When it was printed, in ms since 1970. */
  readonly at: number;
}

const TICK = /^count (\d+), LEASE_EPOCH (\d+)$/;
const LOOK_INTERVAL_MS = 200;

/** Follows a bot, and tells what it prints and what changes. Disposing ends that. */
export class BotWatch implements AsyncDisposable {
  /** The counts of the bot, as far as its log is known. */
  readonly ticks: Tick[] = [];
  readonly #client: ApiClient;
  readonly #id: string;
  readonly #story: Story;
  readonly #end = new AbortController();
  readonly #signal: AbortSignal;
  readonly #watching: Promise<unknown>;
  readonly #states = new Map<string, string>();
  #told = "";
  #node: string | undefined;
  #problem: unknown;

  /**
   * Begins.
   *
   * @param client The client of Berth.
   * @param id Id of the bot.
   * @param story Where to tell.
   * @param signal Ends it, and all that wait for something.
   */
  constructor(client: ApiClient, id: string, story: Story, signal: AbortSignal) {
    this.#client = client;
    this.#id = id;
    this.#story = story;
    this.#signal = AbortSignal.any([signal, this.#end.signal]);
    this.#watching = Promise.all([this.#readLog(), this.#look()]).catch((error) => {
      if (!this.#signal.aborted) this.#problem = error;
    });
  }

  /** The node that the bot runs on; `undefined` while it does not run. */
  get node(): string | undefined {
    return this.#node;
  }

  /**
   * Waits until something holds.
   *
   * @param what The awaited thing, for the error's message.
   * @param check Whether it holds.
   * @param limitMs When to give up, in ms.
   * @throws {Error} If it does not hold in time, or nothing can be seen any more.
   */
  async until(what: string, check: () => boolean, limitMs?: number): Promise<void> {
    await until(what, () => {
      this.#signal.throwIfAborted();
      if (this.#problem) throw this.#problem;
      return check();
    }, limitMs);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort();
    await this.#watching;
  }

  async #readLog(): Promise<void> {
    for await (const update of followLog(this.#client, this.#id, {}, this.#signal)) {
      if (update.kind !== "line") continue;
      const { text, time } = update.line;
      this.#story.quote(this.#id, text);
      const [, count, epoch] = TICK.exec(text) ?? [];
      if (count !== undefined) {
        this.ticks.push({ count: Number(count), epoch: Number(epoch), at: Date.parse(time) });
      }
    }
  }

  async #look(): Promise<void> {
    while (!this.#signal.aborted) {
      // While the Swarm looks for another leader there is no answer about nodes.
      await this.#lookAtNodes().catch(() => {});
      await this.#lookAtBot().catch(() => {});
      await systemClock.sleep(LOOK_INTERVAL_MS, this.#signal);
    }
  }

  async #lookAtNodes(): Promise<void> {
    const { nodes } = await this.#client.call("listNodes", {}, { signal: this.#signal });
    for (const { name, state } of nodes) {
      const before = this.#states.get(name);
      this.#states.set(name, state);
      if (before !== undefined && before !== state) {
        this.#story.tell(`The Swarm says that ${name} is ${state}`);
      }
    }
  }

  async #lookAtBot(): Promise<void> {
    const params = { id: this.#id };
    const { state, condition, node } = await this.#client.call("getBot", { params }, {
      signal: this.#signal,
    });
    this.#node = state === "running" ? node : undefined;
    const text = this.#node === undefined ? condition : `running on ${this.#node}`;
    // A condition may name the time of the next try, which changes.
    const key = this.#node === undefined ? text.replaceAll(/\d+/g, "") : text;
    if (key === this.#told) return;
    this.#told = key;
    this.#story.tell(`Berth says of ${this.#id}: ${text}`);
  }
}
