/**
 * What happens to containers, from the engine's event stream.
 *
 * @module
 */

import type { ContainerEvent, WatchOptions } from "../container_orchestrator.ts";
import type { DockerodeClient } from "./dockerode_client.ts";
import { toConnectionError } from "./dockerode_errors.ts";

/** What has an effect on the phase of a container; health checks, execs and copies have none. */
const ACTIONS = ["create", "start", "die", "destroy", "pause", "unpause", "oom"];

/** A line of the stream, as far as it is used. */
interface EventLine {
  readonly Action?: unknown;
  readonly Actor?: { readonly ID?: unknown; readonly Attributes?: Record<string, string> };
}

/**
 * Follows the engine's events.
 *
 * @param client The connection.
 * @param options Which containers, and until when.
 * @returns The events; rejects when the connection breaks, or with the signal's reason.
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

/** A line that is no event of a container is passed over: it is a hint, and the list is the truth. */
function parseEvent(line: string): ContainerEvent | undefined {
  try {
    const { Action, Actor } = JSON.parse(line) as EventLine;
    if (typeof Action !== "string" || typeof Actor?.ID !== "string") return undefined;
    return { containerId: Actor.ID, action: Action, labels: Actor.Attributes ?? {} };
  } catch {
    return undefined;
  }
}
