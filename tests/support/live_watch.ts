/**
 * Watches the engine for moments at which two containers of one bot are live.
 *
 * @module
 */

// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import { LABEL } from "../../lib/engine/labels.ts";

/** The engine's events about the watched containers. */
export interface LiveWatch extends AsyncDisposable {
  /** Moments at which two containers of one bot, or of one run, were live: a line each. */
  readonly doubles: readonly string[];
  /** Each start and end, in the order of the engine. */
  readonly history: readonly LiveEvent[];
}

/** A start or an end of a container. */
export interface LiveEvent {
  /** The engine's word: `start`, `die`, `kill` (it was sent a signal) or `destroy`. */
  readonly action: string;
  /** The engine's id of the container. */
  readonly containerId: string;
  /** The container's labels and name. */
  readonly attributes: Readonly<Record<string, string>>;
}

const ACTIONS = ["start", "die", "kill", "destroy"];

/**
 * Begins to watch. The engine writes its events in the order in which things happen.
 *
 * @param docker The engine.
 * @param isWatched Which containers, by their labels.
 */
export async function watchLive(
  docker: Docker,
  isWatched: (labels: Readonly<Record<string, string>>) => boolean,
): Promise<LiveWatch> {
  const filters = { type: ["container" as const], event: ACTIONS, label: [`${LABEL.managed}=true`] };
  const stream = await docker.getEvents({ filters });
  const live = new Map<string, Set<string>>();
  const doubles: string[] = [];
  const history: LiveEvent[] = [];
  const see = (line: string) => {
    const { Action, Actor, timeNano } = JSON.parse(line);
    const { ID: containerId, Attributes: attributes } = Actor;
    if (!isWatched(attributes)) return;
    history.push({ action: Action, containerId, attributes });
    const key = [LABEL.kind, LABEL.id, LABEL.slot].map((label) => attributes[label] ?? "").join(" ");
    const there = live.get(key) ?? new Set();
    live.set(key, there);
    if (Action === "start") there.add(containerId);
    if (Action === "die" || Action === "destroy") there.delete(containerId);
    if (there.size > 1) {
      doubles.push(`${key} at ${timeNano}: ${[...there].map((id) => id.slice(0, 12)).join(", ")}`);
    }
  };
  let rest = "";
  const ended = Promise.withResolvers<void>();
  stream.on("data", (chunk: Uint8Array) => {
    const lines = (rest + new TextDecoder().decode(chunk)).split("\n");
    rest = lines.pop()!;
    for (const line of lines.filter((each) => each.trim() !== "")) see(line);
  });
  stream.on("close", () => ended.resolve());
  stream.on("error", () => ended.resolve());
  return {
    doubles,
    history,
    async [Symbol.asyncDispose]() {
      (stream as unknown as { destroy(): void }).destroy();
      await ended.promise;
    },
  };
}
