/**
 * Which of the registered services leads. Pure.
 *
 * @module
 */

import { describeService } from "./judge_rival.ts";
import { doScopesConflict, type ServedScope } from "./served_scope.ts";
import type { ServiceRecord } from "./service_registry.ts";

/** A service that has the right to serve, as far as the database says. */
export interface Leader {
  /** Tells its registration from every other. */
  readonly token: string;
  /** The service in words. */
  readonly about: string;
  /** Identifies its host, see `Runner.hostId`. */
  readonly host: string;
  /** Address at which other services reach its API. @default {they do not} */
  readonly url?: string;
}

/**
 * Finds the service that leads a scope.
 *
 * @param records The registrations.
 * @param scope The scope.
 * @returns The service; `undefined` if none does.
 */
export function leaderIn(records: readonly ServiceRecord[], scope: ServedScope): Leader | undefined {
  const [record] = records
    .filter((record) => record.state === "active" && doScopesConflict(record, scope))
    .toSorted((a, b) => b.epoch - a.epoch);
  if (!record) return undefined;
  const { token, host, url } = record;
  return { token, host, about: describeService(record), ...(url !== undefined && { url }) };
}
