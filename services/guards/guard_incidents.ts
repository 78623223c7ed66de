/**
 * Decides which notifications guards send when they trip. Pure.
 *
 * @module
 */

import type { Incident, IncidentKey } from "../notifications/incidents.ts";
import { FLEET } from "./fleet_rule.ts";
import type { KeptLatch, Latch, LatchKey } from "./latch.ts";

/** The kind of these incidents. Each guard of a bot has its own, and each guard over several bots. */
export const GUARD_KIND = "bot.guard_tripped";

/** Names the incident of a guard. One over several bots has no bot. @param key The guard, and its bot. */
export function guardIncidentKey({ bot, guard }: LatchKey): IncidentKey {
  return guard.startsWith(FLEET) ? { kind: GUARD_KIND, guard } : { kind: GUARD_KIND, bot, guard };
}

/**
 * Tells whether one of some latches is that of an incident, and open: then the incident ends with its release.
 *
 * @param key The incident.
 * @param latches The latches of its bot.
 */
export function isHeldBy(key: IncidentKey, latches: readonly KeptLatch[]): boolean {
  return latches.some(({ latch, release }) => latch.guard === key.guard && !release);
}

/**
 * Makes the incident of a bot's own guard.
 *
 * @param latch The latch, or what would be one.
 * @param isLatched Whether a person has to release it.
 */
export function botGuardIncident(latch: Latch, isLatched: boolean): Incident {
  const { bot, guard, action, text, lastLines } = latch;
  const isStopped = action === "stop";
  const lines = lastLines.length > 0 ? `\nIts last lines:\n${lastLines.join("\n")}` : "";
  const todo = isLatched ? ` Release it with 'berth release ${bot} --guard ${guard} --reason TEXT'.` : "";
  return {
    ...guardIncidentKey(latch),
    severity: isStopped ? "critical" : "warning",
    title: `its guard '${guard}' tripped${isStopped ? " and stopped it" : ""}`,
    text: `${text}.${todo}${lines}`,
  };
}

/**
 * Makes the incident of a guard over several bots.
 *
 * @param guard Name of its latches.
 * @param tripped Which bots it looks at, why it has tripped, and which bots it has stopped if that is known.
 */
export function fleetIncident(
  guard: string,
  { bots, action, text, members }: Pick<Latch, "action" | "text"> & {
    readonly bots: string;
    readonly members?: readonly string[];
  },
): Incident {
  const tripped = `the guard '${guard.slice(FLEET.length)}' of ${bots} tripped`;
  if (action === "alert") {
    return { kind: GUARD_KIND, guard, severity: "warning", title: tripped, text: `${text}.` };
  }
  const count = members === undefined ? "" : members.length === 1 ? "1 bot" : `${members.length} bots`;
  return {
    kind: GUARD_KIND,
    guard,
    severity: "critical",
    title: `${tripped} and stopped ${count || "bots"}`,
    text: `${text}. Release each of them with 'berth release ID --guard ${guard} --reason TEXT'.${
      members ? `\nBots: ${members.join(", ")}` : ""
    }`,
  };
}
