/**
 * Which operations need the process that leads a service. Pure.
 *
 * @module
 */

import type { OperationId } from "../contract/operations.ts";

/** Why an operation needs the leader. */
export interface NeededLeader {
  /** Leader of which service; `of id`: of that which the id in the path belongs to. */
  readonly of: "bots" | "schedules" | "of id";
  /**
   * - `must`: nobody else can do it.
   * - `knows`: it knows more, and any process has an answer.
   * - `host`: the containers are on its host; a process on the same engine or cluster can do it as well.
   */
  readonly why: "must" | "knows" | "host";
}

/** The situation of a request. */
export interface WaySituation {
  /** The leader that the operation needs. @default {no leader} */
  readonly needed?: NeededLeader | undefined;
  /** Whether this process leads that service. */
  readonly leads: boolean;
  /** Whether another process has passed the request on. */
  readonly isPassedOn: boolean;
  /** The other process that leads. @default {none is known} */
  readonly leader?: { readonly url?: string; readonly isOnThisHost: boolean } | undefined;
}

/**
 * - `here`: this process answers.
 * - `leader`: the leader answers.
 * - `moved`: another process took this one for the leader, which it is not.
 */
export type Way = "here" | "leader" | "moved";

const BOTS = { of: "bots", why: "must" } as const;
const BOTS_KNOWN = { of: "bots", why: "knows" } as const;
const BOTS_HOST = { of: "bots", why: "host" } as const;
const BY_ID = { of: "of id", why: "must" } as const;
const BY_ID_KNOWN = { of: "of id", why: "knows" } as const;
const BY_ID_HOST = { of: "of id", why: "host" } as const;

const NEEDED: Readonly<Partial<Record<OperationId, NeededLeader>>> = {
  // Conditions of bots.
  listBots: BOTS_KNOWN,
  getBot: BOTS_KNOWN,
  getOverview: BOTS_KNOWN,
  getDeployment: BOTS_KNOWN,
  listRevisions: BOTS_KNOWN,
  getRevision: BOTS_KNOWN,
  diffRevisions: BOTS_KNOWN,
  getNotifications: BOTS_KNOWN,
  listDeliveries: BOTS_KNOWN,
  streamEvents: BOTS,
  streamBotEvents: BOTS,
  listLatches: BOTS,
  getBotGuards: BOTS,
  // The leader's figures from the logs that it has read.
  getMetrics: BY_ID_KNOWN,
  // Acts.
  restartBot: BOTS,
  releaseGuard: BOTS,
  runSchedule: { of: "schedules", why: "must" },
  startBacktest: BOTS,
  cancelBacktest: BOTS,
  putStateContent: BY_ID,
  restoreState: BY_ID,
  purge: BOTS,
  pruneCode: BOTS,
  // Containers and folders of one host.
  readLogs: BY_ID_HOST,
  followLogs: BY_ID_HOST,
  getRunLog: { of: "schedules", why: "host" },
  getBacktestLog: BOTS_HOST,
  getStats: BOTS_HOST,
  getBotStats: BY_ID_HOST,
  getBotUsage: BY_ID_HOST,
  getState: BY_ID_HOST,
  getStateContent: BY_ID_HOST,
  snapshotState: BY_ID_HOST,
};

/** Tells what an operation needs. @param operation The operation. @returns `undefined` if any process can do it. */
export function neededLeaderOf(operation: OperationId): NeededLeader | undefined {
  return NEEDED[operation];
}

/**
 * Decides who answers a request. A request is passed on once, and never back.
 *
 * @param situation See {@linkcode WaySituation}.
 */
export function wayOf({ needed, leads, isPassedOn, leader }: WaySituation): Way {
  if (!needed || leads) return "here";
  if (isPassedOn) return needed.why === "must" ? "moved" : "here";
  if (leader?.url === undefined) return "here";
  return needed.why === "host" && leader.isOnThisHost ? "here" : "leader";
}
