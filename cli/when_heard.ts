/**
 * When a service takes up what a command has written.
 *
 * @module
 */

import { SCHEDULE_RESYNC_MS } from "../services/schedules/schedule_service.ts";
import type { ServiceConfig } from "../services/config.ts";
import { serviceHolders } from "./service_locks.ts";

/** A schedule that was changed without a word is found within this time, in words. */
export const SCHEDULE_FOUND_WITHIN: string = `${SCHEDULE_RESYNC_MS / 60_000} minutes`;

/**
 * The time within which a bot that was changed without a word is found.
 *
 * @param config The service's configuration.
 * @returns For example `30 s`.
 */
export function botFoundWithin({ reconcileIntervalMs }: ServiceConfig): string {
  return `${reconcileIntervalMs / 1000} s`;
}

/**
 * When a service takes up what was written and told of.
 *
 * @param config The service's configuration.
 * @returns A sentence.
 */
export async function whenHeard(config: ServiceConfig): Promise<string> {
  if (config.natsUrl) return "A running service hears of it at once.";
  if (config.mongoUri) {
    const within = botFoundWithin(config);
    return `A running service finds it within ${within}; with NATS_URL it would hear of it at once.`;
  }
  const { bots, schedules } = await serviceHolders(config);
  const holder = bots ?? schedules;
  return holder === undefined
    ? noServiceHere(config.runner.instance)
    : `The service (${holder.about}) takes it up within a second; 'berth bots' shows what becomes of it.`;
}

/**
 * Says that nobody takes anything up.
 *
 * @param instance The instance that was looked for.
 * @returns A sentence.
 */
export function noServiceHere(instance: string): string {
  return `No service runs here as instance '${instance}': 'berth start' starts it.`;
}
