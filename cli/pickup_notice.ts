/**
 * Says when a service picks up a change that a command has written.
 *
 * @module
 */

import { SCHEDULE_RESYNC_MS } from "../services/schedules/schedule_service.ts";
import type { ServiceConfig } from "../services/config.ts";
import { serviceHolders } from "./service_locks.ts";

/** The time within which a service finds a changed schedule without an event, as a phrase. */
export const SCHEDULE_FOUND_WITHIN: string = `${SCHEDULE_RESYNC_MS / 60_000} minutes`;

/**
 * Returns the time within which a service finds a changed bot without an event.
 *
 * @param config The service's configuration.
 * @returns A phrase, for example `30 s`.
 */
export function botFoundWithin({ reconcileIntervalMs }: ServiceConfig): string {
  return `${reconcileIntervalMs / 1000} s`;
}

/**
 * Describes when the service picks up a change that was written and published.
 *
 * @param config The service's configuration.
 * @returns A sentence.
 */
export async function describePickup(config: ServiceConfig): Promise<string> {
  if (config.natsUrl) return "A running service hears of it at once.";
  if (config.mongoUri) {
    const within = botFoundWithin(config);
    return `A running service finds it within ${within}; with NATS_URL it would hear of it at once.`;
  }
  const { bots, schedules } = await serviceHolders(config);
  const holder = bots ?? schedules;
  return holder === undefined
    ? noServiceHere(config.runner.instance)
    : `The service (${holder.about}) picks it up within a second; 'berth bots' shows its state.`;
}

/**
 * Describes that no service runs on this machine.
 *
 * @param instance Name of the instance.
 * @returns A sentence.
 */
export function noServiceHere(instance: string): string {
  return `No service runs here as instance '${instance}'. Start it with 'berth start'.`;
}
