/**
 * Converts the Docker Engine's descriptions of containers into Berth's.
 *
 * @module
 */

// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import type { ContainerInfo, ContainerPhase } from "../container_orchestrator.ts";

/** Label with the id of the create call, by which a container is found if the answer to the call was lost. */
export const CREATE_ID_LABEL = "berth.create-id";

const PHASES: Readonly<Record<string, ContainerPhase>> = {
  created: "pending",
  restarting: "starting",
  running: "running",
  // Paused by somebody, but alive: it keeps its name and its memory.
  paused: "running",
  removing: "exited",
  exited: "exited",
  dead: "exited",
};

/**
 * Converts an entry of the engine's list.
 *
 * @param entry The entry.
 * @returns The container. Has no exit code if the engine's status line has none (`removing`, `dead`).
 */
export function fromListEntry(entry: Docker.ContainerInfo): ContainerInfo {
  const phase = phaseOf(entry.State);
  const exitCode = phase === "exited" ? /^Exited \((\d+)\)/.exec(entry.Status)?.[1] : undefined;
  return {
    id: entry.Id,
    name: nameOf(entry.Names?.[0] ?? ""),
    image: entry.Image,
    labels: labelsOf(entry.Labels),
    phase,
    ...(exitCode !== undefined && { exitCode: Number(exitCode) }),
    ...(entry.State === "paused" && { isPaused: true }),
    ...(["created", "running", "exited"].includes(entry.State) ? {} : { reason: entry.Status }),
    createdAt: new Date(entry.Created * 1000),
  };
}

/**
 * Converts the engine's inspection of one container.
 *
 * @param inspected The engine's answer.
 * @returns The container.
 */
export function fromInspection(inspected: Docker.ContainerInspectInfo): ContainerInfo {
  const { State: state } = inspected;
  const memoryBytes = inspected.HostConfig?.Memory ?? 0;
  const phase = phaseOf(state.Status);
  const startedAt = dateOf(state.StartedAt);
  const finishedAt = phase === "exited" ? dateOf(state.FinishedAt) : undefined;
  return {
    id: inspected.Id,
    name: nameOf(inspected.Name),
    image: inspected.Config.Image,
    labels: labelsOf(inspected.Config.Labels),
    phase,
    ...(phase === "exited" && { exitCode: state.ExitCode }),
    oomKilled: state.OOMKilled,
    ...(memoryBytes > 0 && { memoryBytes }),
    ...(state.Status === "paused" && { isPaused: true }),
    ...(state.Error && { reason: state.Error }),
    createdAt: new Date(inspected.Created),
    ...(startedAt && { startedAt }),
    ...(finishedAt && { finishedAt }),
  };
}

function phaseOf(state: string): ContainerPhase {
  // An unknown state does not count as an exit.
  return PHASES[state] ?? "running";
}

function nameOf(name: string): string {
  return name.replace(/^\//, "");
}

function labelsOf(labels: Readonly<Record<string, string>> | null): Record<string, string> {
  const { [CREATE_ID_LABEL]: _, ...others } = labels ?? {};
  return others;
}

/** Parses a time; the engine writes the year 1 for "never". */
function dateOf(text: string): Date | undefined {
  const date = new Date(text);
  return date.getTime() > 0 ? date : undefined;
}
