/**
 * One check of servers and engine for all callers that ask at about the same time.
 *
 * @module
 */

import type { PartAbout } from "../contract/service.ts";
import type { ApiParts } from "./api_parts.ts";

/** Largest age of the facts about servers and engine, in ms. */
const FRESH_MS = 10_000;

/** Describes the state of the parts. @param signal Ends the wait. */
export type LookAtParts = (signal: AbortSignal) => Promise<readonly PartAbout[]>;

/**
 * Creates a check that callers share; all calls within ten seconds get the same result.
 *
 * @param parts The dependencies of the API.
 */
export function sharedLook({ process, clock }: Pick<ApiParts, "process" | "clock">): LookAtParts {
  let lookedAt = -Infinity;
  let look: Promise<readonly PartAbout[]> | undefined;
  return async (signal) => {
    if (!process) return [];
    if (!look || clock.monotonic() - lookedAt >= FRESH_MS) {
      lookedAt = clock.monotonic();
      // Another caller may wait for it, so no caller's signal ends it; each part has a time limit.
      look = process.look(new AbortController().signal);
      look.catch(() => look = undefined);
    }
    signal.throwIfAborted();
    return await look;
  };
}
