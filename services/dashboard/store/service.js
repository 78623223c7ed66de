/** The service itself: its version, its engine and its stores. */

import { signal } from "@preact/signals";
import { call } from "./api.js";
import { listen } from "./connection.js";
import { caller } from "./session.js";

/** The answer of `GET /api/service`; `undefined` before it is known. */
export const service = signal(undefined);
/** Whether another version of the service runs than the one that this page comes from. */
export const isOutdated = signal(false);

/** Reads it. */
export async function loadService(signal) {
  const about = await call("/api/service", { signal });
  if (service.value && service.value.version !== about.version) isOutdated.value = true;
  caller.value = about.caller;
  service.value = about;
}

listen({ onConnect: () => loadService().catch(() => {}) });
