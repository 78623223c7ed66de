/**
 * Who serves the bots, in words.
 *
 * @module
 */

import type { ServingService } from "../services/who_serves.ts";

/** Who serves the bots, and what that means here. */
export interface ServingDescription {
  /** Whether it is the service of this configuration on this host. */
  readonly isHere: boolean;
  /** What follows "the bots", without a full stop. */
  readonly predicate: string;
  /** What to do, where something may have to be done. */
  readonly advice?: string;
}

const TAKE_OVER = "when its bots are known to be stopped there, run 'berth start --take-over' here";

/**
 * Describes who serves.
 *
 * @param server The service.
 * @param hostId Identifies this host, see `Runner.hostId`; `undefined` when its engine does not answer.
 */
export function describeServing(server: ServingService, hostId: string | undefined): ServingDescription {
  const { about, isOfInstance, host, hasEnded, silentSince } = server;
  const isSameHost = host === undefined || host === hostId;
  const isHere = isOfInstance && isSameHost;
  if (hasEnded) {
    return {
      isHere,
      predicate: `were served by ${about}, which has ended: they may still run on its host`,
      advice: isSameHost ? "run 'berth start': it takes them over" : TAKE_OVER,
    };
  }
  if (silentSince === undefined) return { isHere, predicate: `are served by ${about}` };
  return {
    isHere,
    predicate: `are served by ${about}, last heard of at ${silentSince.toISOString()}`,
    advice: isSameHost ? "look at its log, or start it again" : TAKE_OVER,
  };
}
