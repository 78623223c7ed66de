/** The data of the page of a schedule: the schedule, and its runs page by page. */

import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { place, setQuery } from "../app/router.js";
import { call } from "../store/api.js";
import { listen } from "../store/connection.js";
import { schedulePath } from "./actions.js";

const PAGE = 50;
const SOON_MS = 400;

/** Reads a schedule and its runs while a component is there. @param id Id of the schedule. */
export function useSchedule(id) {
  const store = useMemo(() => ({
    /** As `GET /api/schedules/{id}` gives it; `undefined` before. */
    schedule: signal(undefined),
    /** The runs, the latest first; `undefined` before. */
    runs: signal(undefined),
    /** Cursor of earlier runs. */
    next: signal(undefined),
    /** Why the schedule cannot be read. */
    problem: signal(undefined),
    /** Only runs in this state; empty for all. */
    state: signal(""),
    /** Id of the run that is shown in full. */
    open: signal(place.peek().query.get("run") ?? undefined),
    show: (run) => {
      store.open.value = run;
      setQuery("run", run);
    },
    earlier: () => readEarlier(id, store),
    select: (state) => {
      store.state.value = state;
      store.runs.value = undefined;
      store.next.value = undefined;
      return readRuns(id, store).catch(() => {});
    },
  }), [id]);
  useEffect(() => {
    let timer;
    const read = () => Promise.all([readSchedule(id, store), readRuns(id, store)]).catch(() => {});
    const stop = listen({
      onConnect: read,
      onEvents: (events) => {
        if (!events.some((event) => event.kind === "schedule" && event.id === id)) return;
        timer ??= setTimeout(() => {
          timer = undefined;
          read();
        }, SOON_MS);
      },
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [store]);
  return store;
}

async function readSchedule(id, { schedule, problem }) {
  try {
    schedule.value = await call(schedulePath(id));
    problem.value = undefined;
  } catch (error) {
    problem.value = error;
    if (error.status === 404) schedule.value = undefined;
  }
}

async function page(id, { state }, cursor) {
  return await call(schedulePath(id, "/runs"), {
    query: { limit: PAGE, state: state.value || undefined, cursor },
  });
}

/** Reads the latest runs; those of earlier pages stay. */
async function readRuns(id, store) {
  const state = store.state.value;
  const { runs, next } = await page(id, store);
  if (state !== store.state.value) return;
  const known = store.runs.value;
  const last = runs.at(-1);
  const isJoined = known?.some((run) => run.id === last?.id);
  const at = isJoined ? known.findIndex((run) => run.id === last.id) : -1;
  store.runs.value = [...runs, ...(isJoined ? known.slice(at + 1) : [])];
  if (!isJoined) store.next.value = next;
}

async function readEarlier(id, store) {
  const { runs, next } = await page(id, store, store.next.value);
  store.runs.value = [...store.runs.value, ...runs];
  store.next.value = next;
}
