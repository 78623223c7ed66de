/**
 * Reports changes of a Swarm's tasks as events of containers.
 *
 * @module
 */

import type { ContainerEvent, WatchOptions } from "../container_orchestrator.ts";
import type { SwarmService } from "./swarm_answers.ts";
import type { SwarmPoller, TaskChange } from "./swarm_poller.ts";
import type { SwarmFilters } from "./swarm_services.ts";

/**
 * Follows the changes.
 *
 * @param poller Notices them.
 * @param list Lists services, to find the labels of those that changed.
 * @param options See {@linkcode WatchOptions}.
 * @returns The events. Rejects when the Swarm does not answer, or with the signal's reason.
 */
export async function* watchTasks(
  poller: Pick<SwarmPoller, "listen">,
  list: (filters: SwarmFilters, signal: AbortSignal | undefined) => Promise<SwarmService[]>,
  { labels = {}, signal, onOpen }: WatchOptions,
): AsyncGenerator<ContainerEvent> {
  let changes: TaskChange[] = [];
  let failure: { readonly error: unknown } | undefined;
  let next = Promise.withResolvers<void>();
  const wake = () => next.resolve();
  const stopListening = poller.listen((change) => {
    changes.push(change);
    wake();
  }, (error) => {
    failure ??= { error };
    wake();
  });
  signal?.addEventListener("abort", wake, { once: true });
  try {
    signal?.throwIfAborted();
    onOpen?.();
    while (true) {
      await next.promise;
      next = Promise.withResolvers<void>();
      signal?.throwIfAborted();
      if (failure) throw failure.error;
      const taken = changes;
      changes = [];
      // One change names its service; several are looked up together.
      const ids = [...new Set(taken.map(({ serviceId }) => serviceId))];
      const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
      const services = await list({ id: ids, label }, signal);
      const known = new Map(services.map(({ ID, Spec }) => [ID, Spec.Labels ?? {}]));
      for (const { serviceId, action } of taken) {
        const found = known.get(serviceId);
        if (found) yield { containerId: serviceId, action, labels: found };
      }
    }
  } finally {
    stopListening();
    signal?.removeEventListener("abort", wake);
  }
}
