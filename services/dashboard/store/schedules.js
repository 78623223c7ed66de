/** The schedules, with their next and last runs. */

import { signal } from "@preact/signals";
import { call } from "./api.js";
import { listen } from "./connection.js";

/** As `GET /api/schedules` gives them; `undefined` before they are known. */
export const schedules = signal(undefined);

const SOON_MS = 500;
let waiting;

/** Reads them. */
export async function readSchedules() {
  clearTimeout(waiting);
  waiting = undefined;
  const all = [];
  let cursor;
  do {
    const page = await call("/api/schedules", { query: { limit: 1000, cursor } });
    all.push(...page.schedules);
    cursor = page.next;
  } while (cursor !== undefined);
  schedules.value = all;
}

function readSoon() {
  waiting ??= setTimeout(() => readSchedules().catch(() => {}), SOON_MS);
}

listen({
  onConnect: readSoon,
  onEvents: (events) => events.some(({ kind }) => kind === "schedule") && readSoon(),
});
