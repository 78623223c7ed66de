/**
 * Describes which service serves the bots.
 *
 * @module
 */

import type { ServingService } from "../services/who_serves.ts";

/** The service that serves the bots, as seen from here. */
export interface ServingDescription {
  /** Whether it is the service of this configuration on this host. */
  readonly isHere: boolean;
  /** Continues a sentence that begins with "The bots", without a full stop. */
  readonly predicate: string;
  /** The advice, if there is any. */
  readonly advice?: string;
}

const TAKE_OVER = "when its bots are known to be stopped there, run 'berth start --take-over' here";

/**
 * Describes the serving service.
 *
 * @param server The service.
 * @param hostId Identity of this host, see `Runner.hostId`; `undefined` if its engine does not answer.
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
    predicate: `are served by ${about}, last seen at ${silentSince.toISOString()}`,
    advice: isSameHost ? "look at its log, or start it again" : TAKE_OVER,
  };
}
