/** All that is known of one bot, kept up to date by events. */

import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { botPath, call, request } from "../store/api.js";
import { listen } from "../store/connection.js";
import { readEvents } from "../store/read_stream.js";
import { repeat } from "../store/repeat.js";

const REFRESH_MS = 60_000;
const SOON_MS = 400;
/** Events of the bot that are asked for and kept. */
const MAX_EVENTS = 500;

class BotStore {
  /** As `GET /api/bots/{id}` gives it; `undefined` before it is known. */
  bot = signal(undefined);
  /** Its revisions, the latest first. */
  revisions = signal([]);
  /** Its events, the oldest first, as far as the service has kept them. */
  events = signal([]);
  /** Why it cannot be read. */
  problem = signal(undefined);
  #id;
  #waiting;

  constructor(id) {
    this.#id = id;
  }

  /** Begins. @returns A function that ends it. */
  open() {
    const stop = repeat((signal) => this.#read(signal), REFRESH_MS);
    const stopListening = listen({
      onConnect: () => this.#readEvents().catch(() => {}),
      onEvents: (events) => {
        const own = events.filter(({ kind, id }) => kind === "bot" && id === this.#id);
        if (own.length === 0) return;
        this.events.value = [...this.events.value, ...own].slice(-MAX_EVENTS);
        this.#waiting ??= setTimeout(() => this.#read().catch(() => {}), SOON_MS);
      },
    });
    return () => {
      stop();
      stopListening();
      clearTimeout(this.#waiting);
    };
  }

  async #read(signal) {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    try {
      const [bot, { revisions }] = await Promise.all([
        call(botPath(this.#id), { signal }),
        call(`/api/deployments/${encodeURIComponent(this.#id)}/revisions`, { signal })
          .catch((error) => error.status === 404 ? { revisions: [] } : Promise.reject(error)),
      ]);
      this.bot.value = bot;
      this.revisions.value = revisions;
      this.problem.value = undefined;
    } catch (error) {
      if (error.status > 0) this.problem.value = error;
      throw error;
    }
  }

  async #readEvents() {
    const response = await request(botPath(this.#id, "/events"), {
      query: { last: MAX_EVENTS, follow: "false" },
    });
    const events = [];
    for await (const group of readEvents(response)) {
      events.push(...group.filter(({ type }) => type !== "open").map(({ data }) => JSON.parse(data)));
    }
    this.events.value = events;
  }
}

/** The store of a bot while a component is there. */
export function useBot(id) {
  const store = useMemo(() => new BotStore(id), [id]);
  useEffect(() => store.open(), [store]);
  return store;
}
