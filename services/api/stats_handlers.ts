/**
 * Handles the operations on statistics.
 *
 * @module
 */

import type { ManagedContainer } from "../../lib/runner/runner.ts";
import { SharedWork } from "../../lib/util/shared_work.ts";
import type { Usage } from "../contract/events.ts";
import type { ApiParts } from "./api_parts.ts";
import type { Handlers } from "./handlers.ts";

/**
 * Makes the handlers. Clients that ask at the same time share one measurement.
 *
 * @param parts What the API works with.
 */
export function statsHandlers({ runner, settings }: ApiParts): Handlers<"getStats" | "getBotStats"> {
  const measurements = new SharedWork<Usage[]>();

  async function measure(
    isWanted: (container: ManagedContainer) => boolean,
    signal: AbortSignal,
  ): Promise<Usage[]> {
    const listed = await runner.listManagedContainers(settings.segment, { signal });
    const running = listed.filter((one) => one.phase === "running" && !one.isForeign && isWanted(one));
    const measured = await Promise.all(running.map(async (container): Promise<Usage | undefined> => {
      const usage = await runner.getUsage(container, { signal });
      const { id, kind, containerId, containerName, attempt, createdAt } = container;
      return usage && {
        id,
        kind,
        containerId,
        containerName,
        ...usage,
        time: usage.time.toISOString(),
        restarts: attempt - 1,
        createdAt: createdAt.toISOString(),
      };
    }));
    return measured.filter((usage) => usage !== undefined).sort((
      a,
      b,
    ) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  }

  return {
    async getStats({ signal }) {
      const containers = await measurements.run("all", (signal) => measure(() => true, signal), signal);
      return { body: { containers } };
    },
    async getBotStats({ params: { id }, signal }) {
      const work = (signal: AbortSignal) => measure((container) => container.id === id, signal);
      return { body: { containers: await measurements.run(`of ${id}`, work, signal) } };
    },
  };
}
