/** All bots: read in one request, then kept up to date by events. */

import { computed, signal } from "@preact/signals";
import { groupOf } from "../text/states.js";
import { call } from "./api.js";
import { listen } from "./connection.js";
import { repeat } from "./repeat.js";

/** Bots by id, as `GET /api/overview` gives them. A change makes a new map. */
export const bots = signal(new Map());
/** Whether the bots were read. */
export const isLoaded = signal(false);
/** Why the service cannot look after its bots now. */
export const trouble = signal(undefined);

/** Number of bots by group. */
export const groupCounts = computed(() => {
  const counts = {};
  for (const { state } of bots.value.values()) {
    const group = groupOf(state);
    counts[group] = (counts[group] ?? 0) + 1;
  }
  return counts;
});

/** Facts that events do not carry (advice, curves) are read again this often, in ms, and this soon after a change. */
const REFRESH_MS = 30_000;
const SOON_MS = 2000;

let waiting;
/** Reads that are under way. */
let reading = 0;
/** Number of the last read that has begun, and of the one whose answer is shown. */
let begun = 0;
let shown = 0;
/** Events that came while reads are under way. */
let late = [];

async function read(signal) {
  const number = ++begun;
  const since = late.length;
  reading++;
  try {
    const answer = await call("/api/overview", { signal });
    // One that was asked for later has come before.
    if (number < shown) return;
    shown = number;
    trouble.value = answer.trouble;
    // Events that came meanwhile may be newer than the answer.
    bots.value = late.slice(since).reduce(withEvent, new Map(answer.bots.map((bot) => [bot.id, bot])));
    isLoaded.value = true;
  } finally {
    if (--reading === 0) late = [];
  }
}

function readSoon() {
  waiting ??= setTimeout(() => {
    waiting = undefined;
    read().catch(() => {});
  }, SOON_MS);
}

function onEvents(events) {
  const own = events.filter(({ kind }) => kind === "bot");
  if (own.length === 0) return;
  if (reading > 0) late.push(...own);
  bots.value = own.reduce(withEvent, new Map(bots.value));
  if (own.some(({ type }) => ["condition", "document"].includes(type))) readSoon();
}

function withEvent(all, { type, id, time, text, state, until, attempt, containerId }) {
  const before = all.get(id);
  if (type === "gone") all.delete(id);
  else if (type === "exited" && before) all.set(id, { ...before, exits: before.exits + 1 });
  else if (type === "started" && before) all.set(id, { ...before, startedAt: time });
  else if (type === "condition") {
    const { advice: _old, ...known } = before ?? { id, enabled: true, exits: 0 };
    const since = before?.state === state ? before.since : time;
    all.set(id, { ...known, state, condition: text, since, until, attempt, containerId });
  }
  return all;
}

listen({ onEvents });
repeat(read, REFRESH_MS);
