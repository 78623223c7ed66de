/** The last runs of all schedules: read page by page for all at once, and kept up to date while somebody looks. */

import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { call } from "../store/api.js";
import { listen } from "../store/connection.js";
import { schedules } from "../store/schedules.js";

/** Runs that are shown of each schedule. */
export const SHOWN = 50;
/** By id of the schedule: its last runs, the earliest first. */
export const recentRuns = signal(new Map());

/** A schedule of every second would hide the others; so many pages are read to find theirs. */
const MAX_PAGES = 3;
const PAGE = 1000;
/** Runs that may have changed since the last look. */
const NEWS = 200;
const SOON_MS = 1500;

/** Keeps the runs while a component is there. */
export function useRecentRuns() {
  useEffect(() => {
    let timer;
    const ending = new AbortController();
    const quietly = (reading) => reading.catch(() => {});
    const stop = listen({
      onConnect: () => quietly(readAll(ending.signal)),
      onEvents: (events) => {
        if (!events.some(({ type }) => type === "run")) return;
        timer ??= setTimeout(() => {
          timer = undefined;
          quietly(readPage({ limit: NEWS }, ending.signal));
        }, SOON_MS);
      },
    });
    return () => {
      stop();
      clearTimeout(timer);
      ending.abort();
    };
  }, []);
}

async function readAll(signal) {
  let cursor;
  for (let page = 0; page < MAX_PAGES; page++) {
    cursor = await readPage({ limit: PAGE, cursor }, signal);
    const isEnough = schedules.value?.every(({ id }) => recentRuns.value.get(id)?.length === SHOWN);
    if (cursor === undefined || isEnough) return;
  }
}

async function readPage(query, signal) {
  const { runs, next } = await call("/api/runs", { query, signal });
  recentRuns.value = withRuns(recentRuns.value, runs);
  return next;
}

/** Adds runs, or what is newer of them. */
export function withRuns(before, runs) {
  const after = new Map(before);
  for (const [id, of] of Map.groupBy(runs, ({ scheduleId }) => scheduleId)) {
    const known = new Map((before.get(id) ?? []).map((run) => [run.id, run]));
    for (const run of of) known.set(run.id, run);
    after.set(id, [...known.values()].sort((a, b) => (a.slot < b.slot ? -1 : 1)).slice(-SHOWN));
  }
  return after;
}
