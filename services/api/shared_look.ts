/**
 * One look at servers and engine for all who ask at about the same time.
 *
 * @module
 */

import type { PartAbout } from "../contract/service.ts";
import type { ApiParts } from "./api_parts.ts";

/** How old what is known of servers and engine may be, in ms. */
const FRESH_MS = 10_000;

/** Describes the state of the parts. @param signal Ends the wait. */
export type LookAtParts = (signal: AbortSignal) => Promise<readonly PartAbout[]>;

/**
 * Makes a look that several callers share; the next ones within ten seconds see the same.
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
