/**
 * Lets the leader answer requests that this process cannot answer as well.
 *
 * @module
 */

import type { OperationId } from "../contract/operations.ts";
import type { Leader } from "../ownership/leader_in.ts";
import type { ScheduleRepository } from "../schedules/schedule_repository.ts";
import { ApiProblem } from "./api_problem.ts";
import { endWhenRevoked } from "./end_when_revoked.ts";
import { type Forwarder, LeaderUnreachedError, type SentOn } from "./forwarder.ts";
import type { LeadersPort } from "./leaders_port.ts";
import { type NeededLeader, neededLeaderOf, wayOf } from "./needed_leader.ts";

type Service = "bots" | "schedules";

/** The leader's part in answering a request. */
export interface LeaderAnswer {
  /** Its answer. @default {this process answers} */
  readonly response?: Response;
  /** Why it has not answered, although it knows more. */
  readonly unreached?: string;
}

/** Decides who answers a request. @param sent The request. @param id The id in its path. */
export type AskLeader = (sent: SentOn, id: string | undefined) => Promise<LeaderAnswer>;

/** Dependencies of {@linkcode askLeader}. */
export interface LeaderPassParts {
  /** Knows the leader. */
  readonly leaders: LeadersPort;
  /** Sends requests on. */
  readonly forwarder: Pick<Forwarder, "send">;
  /** The documents of the schedules. */
  readonly schedules: Pick<ScheduleRepository, "get">;
}

/**
 * Creates the function that decides for one process.
 *
 * @param parts See {@linkcode LeaderPassParts}.
 */
export function askLeader({ leaders, forwarder, schedules }: LeaderPassParts): AskLeader {
  async function serviceOf({ of }: NeededLeader, id = "", signal: AbortSignal): Promise<Service> {
    if (of !== "of id") return of;
    if (leaders.leads("bots") && leaders.leads("schedules")) return "bots";
    return await schedules.get(id, { signal }) ? "schedules" : "bots";
  }

  /** Never aborts: a stream may go on after its request's signal is no longer updated. */
  const always = new AbortController().signal;
  async function hasMoved(service: Service, { token }: Leader): Promise<boolean> {
    if (leaders.leads(service)) return true;
    // Nobody else is known while the database is down.
    const leader = await leaders.find(service, always);
    return leader !== undefined && leader.token !== token;
  }

  return async (sent, id) => {
    const needed = neededLeaderOf(sent.operation);
    if (!needed) return {};
    const { signal } = sent.request;
    const service = await serviceOf(needed, id, signal);
    const leads = leaders.leads(service);
    const isPassedOn = sent.caller.isPassedOn === true;
    const leader = leads || isPassedOn ? undefined : await leaders.find(service, signal);
    const isOnThisHost = leader !== undefined && needed.why === "host" &&
      await leaders.isOnThisHost(leader, signal).catch(() => false);
    const way = wayOf({ needed, leads, isPassedOn, leader: leader && { ...leader, isOnThisHost } });
    if (way === "here") return {};
    if (way === "moved") throw moved(service);
    try {
      const response = await forwarder.send(leader!, sent);
      return { response: endWhenMoved(response, sent.operation, () => hasMoved(service, leader!)) };
    } catch (error) {
      if (needed.why === "must" || !(error instanceof LeaderUnreachedError)) throw error;
      return { unreached: error.message };
    }
  };
}

/** Operations that go on until their client has enough. */
const ENDLESS: ReadonlySet<OperationId> = new Set<OperationId>([
  "streamEvents",
  "streamBotEvents",
  "followLogs",
]);

/** A leader whose machine has lost its power says nothing, and its stream would go on in silence. */
function endWhenMoved(
  response: Response,
  operation: OperationId,
  hasMoved: () => Promise<boolean>,
): Response {
  if (!ENDLESS.has(operation) || !response.body || !response.ok) return response;
  return endWhenRevoked(response, async () => !await hasMoved());
}

function moved(service: string): ApiProblem {
  return new ApiProblem(503, "leader/moved", `This Berth does not lead the ${service}, or not now.`, {
    advice: "If the leader is gone, another Berth leads soon: retry in a few seconds. " +
      "If this stays so, two Berths may have registered one address: see ADVERTISE_URL.",
    headers: { "retry-after": "2" },
  });
}
