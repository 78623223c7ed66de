/**
 * Whether a service that is registered still serves. Pure: no I/O, no clock.
 *
 * @module
 */

import type { ServiceRecord } from "./service_registry.ts";

/**
 * The state of the lock of a registered service.
 *
 * - `held`: its process lives, even if it says nothing.
 * - `free`: its process has ended.
 * - `missing`: its folder is not there, or is another one: the process takes it again within seconds if it lives.
 * - `past`: the engine was started anew since the service renewed its registration. The process ended with its host,
 *   or it lives on a host that this one is a copy of.
 * - `unreachable`: this process may not look there, or it is on another host.
 */
export type RivalLock = "held" | "free" | "missing" | "past" | "unreachable";

/** The state of a registered service. */
export interface RivalSituation {
  /** Its registration. */
  readonly record: ServiceRecord;
  /** Whether its containers are on the engine of this process. */
  readonly isSameHost: boolean;
  /** Its lock. */
  readonly lock: RivalLock;
  /** How long its registration has been the same, in ms: as this process saw it, by its own clock. */
  readonly unchangedMs: number;
  /** How many renewals this process has seen while the lock was `past`. */
  readonly renewalsElsewhere: number;
  /** Whether an operator says that it is gone, and its bots with it. */
  readonly isSaidGone: boolean;
}

/** How a right is kept and judged, in ms. */
export interface RightTimes {
  /** How often a service renews its registration and its lock. */
  readonly beatMs: number;
  /** A service without a lock whose registration is unchanged for this long is gone. */
  readonly missingMs: number;
  /** A service whose lock cannot be looked at, and whose registration is unchanged for this long, is gone. */
  readonly silenceMs: number;
  /** A service that could not renew its registration for this long acts on nothing: less than the above. */
  readonly fenceMs: number;
}

/**
 * Times where the containers are on one host: its locks tell which process lives, and a database may be down for
 * minutes.
 */
export const HOST_TIMES: RightTimes = {
  beatMs: 5_000,
  missingMs: 20_000,
  silenceMs: 5 * 60_000,
  fenceMs: 4 * 60_000,
};

/**
 * Times on a cluster: no lock tells which process lives, and others stand by. A leader whose clock is 10 % slow has
 * stopped acting before a rival whose clock is 10 % fast takes over.
 */
export const CLUSTER_TIMES: RightTimes = {
  beatMs: 1_000,
  missingMs: 6_000,
  silenceMs: 6_000,
  fenceMs: 4_000,
};

/** The first may have been under way while the engine started. */
const SURE_RENEWALS = 2;

/**
 * Judges a service whose scope is in the way.
 *
 * @param situation See {@linkcode RivalSituation}.
 * @param times See {@linkcode RightTimes}.
 * @returns `alive`: it serves. `gone`: it never will again, and its containers are on this host, or an operator answers
 * for them. `unknown`: neither is known.
 */
export function judgeRival(
  { record, isSameHost, lock, unchangedMs, isSaidGone }: RivalSituation,
  { missingMs, silenceMs }: RightTimes,
): "alive" | "gone" | "unknown" {
  if (isSaidGone && lock !== "held" && unchangedMs >= missingMs) return "gone";
  if (!isSameHost) return "unknown";
  if (record.state === "ended" || lock === "free") return "gone";
  if (lock === "held") return "alive";
  return unchangedMs >= (lock === "unreachable" ? silenceMs : missingMs) ? "gone" : "unknown";
}

/**
 * Whether the bots of a service run on another host, so that they must not run on this one.
 *
 * @param situation See {@linkcode RivalSituation}.
 */
export function servesElsewhere({ isSameHost, renewalsElsewhere }: RivalSituation): boolean {
  return !isSameHost || renewalsElsewhere >= SURE_RENEWALS;
}

/**
 * Reports who is in the way, and what to do about it.
 *
 * @param situation See {@linkcode RivalSituation}.
 * @param times See {@linkcode RightTimes}.
 */
export function describeRival(situation: RivalSituation, { missingMs }: RightTimes): string {
  const { record, isSameHost, lock, unchangedMs } = situation;
  const who = describeService(record);
  const silent = unchangedMs >= missingMs
    ? `, and has said nothing for ${Math.round(unchangedMs / 1000)} s`
    : "";
  if (isSameHost && servesElsewhere(situation)) {
    return `${who} serves, on a host that this one is a copy of: give each a name of its own`;
  }
  if (isSameHost) {
    return `${who} serves${
      lock === "held" && silent ? `${silent}: its process is frozen, or the database is slow to it` : silent
    }`;
  }
  const advice = "When its bots are known to be stopped there, run 'berth start --take-over' here";
  if (record.state === "ended") return `${who} has ended, and its bots may still run on its host. ${advice}`;
  return silent ? `${who} served${silent}; its bots may still run on its host. ${advice}` : `${who} serves`;
}

/**
 * Names a service.
 *
 * @param record Its registration.
 */
export function describeService({ instance, host, pid, since }: ServiceRecord): string {
  return `instance '${instance}' on host ${host.split("/")[0]} (pid ${pid}, since ${since.toISOString()})`;
}
