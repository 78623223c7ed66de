/**
 * Reads events of containers from the engine's event stream.
 *
 * @module
 */

import type { ContainerEvent, WatchOptions } from "../container_orchestrator.ts";
import type { DockerodeClient } from "./dockerode_client.ts";
import { toConnectionError } from "./dockerode_errors.ts";

/** Events that affect the phase of a container, unlike health checks, execs and copies. */
const ACTIONS = ["create", "start", "die", "destroy", "pause", "unpause", "oom"];

/** The fields of a line of the stream that are used. */
interface EventLine {
  readonly Action?: unknown;
  readonly Actor?: { readonly ID?: unknown; readonly Attributes?: Record<string, string> };
}

/**
 * Follows the engine's events.
 *
 * @param client The connection.
 * @param options See {@linkcode WatchOptions}.
 * @returns The events. Rejects if the connection breaks, or with the signal's reason.
 */
export async function* watchContainers(
  client: DockerodeClient,
  { labels = {}, signal, onOpen }: WatchOptions,
): AsyncGenerator<ContainerEvent> {
  const what = "watch containers";
  using scope = client.scope(what, { signal });
  const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
  const filters = JSON.stringify({ type: ["container"], event: ACTIONS, label });
  const response = await client.open({ what, method: "GET", path: "/events", query: { filters } }, scope);
  onOpen?.();
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of client.read(what, response, scope)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const event = parseEvent(line);
      if (event) yield event;
    }
  }
  scope.signal.throwIfAborted();
  throw toConnectionError(what, client.address, new Error("The engine ended the stream"));
}

/** Skips a line that is not an event of a container: events are only hints. */
function parseEvent(line: string): ContainerEvent | undefined {
  try {
    const { Action, Actor } = JSON.parse(line) as EventLine;
    if (typeof Action !== "string" || typeof Actor?.ID !== "string") return undefined;
    return { containerId: Actor.ID, action: Action, labels: Actor.Attributes ?? {} };
  } catch {
    return undefined;
  }
}
