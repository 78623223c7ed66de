/** A search over the logs of all bots: hits as they come, until the end, a stop, or too many. */

import { signal } from "@preact/signals";
import { request } from "../store/api.js";
import { readObjects } from "../store/read_stream.js";

/** Hits that a page holds; beyond that, a person continues the search or narrows it. */
const MAX_HITS = 5000;
const PAGE = 1000;

export class LogSearch {
  /** The hits, the latest first. */
  hits = signal([]);
  /** `idle`, `searching`, `done`, `stopped`, or `more` if there are too many. */
  state = signal("idle");
  /** Why the search failed. */
  problem = signal(undefined);
  #query = {};
  #cursor;
  #ending = new AbortController();

  /** Begins. @param query Query of `GET /api/logs/search`. */
  async search(query) {
    this.stop();
    this.#query = query;
    this.#cursor = undefined;
    this.hits.value = [];
    await this.more();
  }

  /** Goes on where it stopped. */
  async more() {
    const { signal } = this.#ending = new AbortController();
    this.state.value = "searching";
    this.problem.value = undefined;
    const enough = this.hits.value.length + MAX_HITS;
    try {
      do {
        await this.#page(signal);
      } while (this.#cursor !== undefined && this.hits.value.length < enough);
      this.state.value = this.#cursor === undefined ? "done" : "more";
    } catch (error) {
      if (signal.aborted) return;
      this.problem.value = error;
      this.state.value = "stopped";
    }
  }

  /** Stops; the hits stay. */
  stop() {
    this.#ending.abort();
    if (this.state.value === "searching") this.state.value = "stopped";
  }

  /** One answer ends after some lines or some seconds, and says where the next begins. */
  async #page(signal) {
    const query = { ...this.#query, limit: PAGE, cursor: this.#cursor };
    const response = await request("/api/logs/search", { query, signal });
    let next;
    for await (const found of readObjects(response)) {
      if (signal.aborted) throw signal.reason;
      const problem = found.find((one) => one.problem)?.problem;
      if (problem) throw Object.assign(new Error(problem.detail), problem);
      next = found.find((one) => one.next !== undefined)?.next ?? next;
      const hits = found.filter(({ text }) => text !== undefined);
      if (hits.length > 0) this.hits.value = [...this.hits.value, ...hits].sort(laterFirst);
    }
    this.#cursor = next;
  }
}

/** Orders hits, the latest first: a search gives the latest day first, but the lines of a day in their order. */
const laterFirst = (a, b) => (a.time > b.time ? -1 : a.time < b.time ? 1 : 0);
