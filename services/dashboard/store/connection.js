/**
 * The connection to the service: one stream of events, which comes back by itself. A part that shows something listens
 * here, and reads it again when the connection is new.
 */

import { signal } from "@preact/signals";
import { Problem } from "./problem.js";
import { readEvents } from "./read_stream.js";
import { untilLoggedIn } from "./session.js";
import { DEAD_MS, LOOK_MS } from "./silence.js";
import { untilWatched } from "./watching.js";

/** `connecting` (also while nobody looks at the page), `live` or `lost`. */
export const connection = signal("connecting");
/** When the service was heard of last, in ms since the epoch. */
export const heardAt = signal(Date.now());

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8000;

const listeners = new Set();
let current;
let wake = () => {};

/**
 * Listens.
 *
 * @param listener `onConnect()` is called for each new connection: read everything again. `onEvents(events)` gets what
 * happens from then on, in order.
 * @returns A function that stops it.
 */
export function listen(listener) {
  listeners.add(listener);
  if (connection.value === "live") listener.onConnect?.();
  return () => listeners.delete(listener);
}

/** Connects, now and whenever the connection is lost, while somebody looks. Never ends. */
export async function connect() {
  addEventListener("online", lookNow);
  document.addEventListener("visibilitychange", lookNow);
  // A browser that slept finds out here.
  setInterval(lookNow, LOOK_MS);
  for (let waitMs = FIRST_WAIT_MS;; waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS)) {
    const watched = await untilWatched();
    current = new AbortController();
    try {
      const signal = AbortSignal.any([current.signal, watched]);
      const response = await fetch("/api/events", { signal });
      if (response.status === 401) {
        connection.value = "lost";
        await untilLoggedIn();
        waitMs = FIRST_WAIT_MS;
        continue;
      }
      if (!response.ok) throw await Problem.of(response);
      waitMs = FIRST_WAIT_MS;
      await follow(response);
    } catch {
      // It is tried again, whatever the problem was.
    }
    if (watched.aborted) {
      if (connection.value === "live") connection.value = "connecting";
      waitMs = FIRST_WAIT_MS;
      continue;
    }
    connection.value = "lost";
    await new Promise((resolve) => {
      wake = resolve;
      setTimeout(resolve, waitMs);
    });
  }
}

/** Tries to connect at once. */
export function tryNow() {
  wake();
}

async function follow(response) {
  heard();
  for await (const events of readEvents(response, heard)) {
    // The first event says that the stream is open: from here on nothing is missed.
    if (connection.value !== "live") {
      connection.value = "live";
      for (const listener of listeners) listener.onConnect?.();
    }
    const parsed = events.filter(({ type }) => type !== "open").map(({ data }) => JSON.parse(data));
    if (parsed.length > 0) { for (const listener of listeners) listener.onEvents?.(parsed); }
  }
}

function heard() {
  const now = Date.now();
  // The banner needs no more than this.
  if (now - heardAt.value > 1000) heardAt.value = now;
}

function lookNow() {
  if (connection.value === "live") {
    if (Date.now() - heardAt.value > DEAD_MS) current?.abort();
  } else if (!document.hidden) wake();
}
