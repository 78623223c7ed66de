/**
 * Finds out which service has the right to serve.
 *
 * @module
 */

import type { ServiceConfig, ServiceName } from "./config.ts";
import { describeService, HOST_TIMES } from "./ownership/judge_rival.ts";
import { LockedRight } from "./ownership/locked_right.ts";
import { doScopesConflict, type ServedScope } from "./ownership/served_scope.ts";
import type { ServiceRecord } from "./ownership/service_registry.ts";

/** A service that has the right to serve. */
export interface ServingService {
  /** The service in words. */
  readonly about: string;
  /** Whether it has the configuration's instance name. */
  readonly isOfInstance: boolean;
  /** Identifies its host, see `Runner.hostId`; absent: it is on this machine. */
  readonly host?: string;
  /** Whether it has ended. Its bots may still run on its host. */
  readonly hasEnded: boolean;
  /** When it last renewed its registration, by its own clock; absent if it is not silent. */
  readonly silentSince?: Date;
}

/**
 * Returns the scope that a service of a configuration serves.
 *
 * @param name The service.
 * @param config The configuration.
 */
export function scopeOf(name: ServiceName, { segment, runner }: ServiceConfig): ServedScope {
  return { service: name, segment, instance: runner.instance };
}

/**
 * Finds the service that serves the scope of a configuration.
 *
 * @param name The service.
 * @param config The configuration.
 * @param records The registrations. Without them, the locks beside the embedded database tell.
 * @returns The service, or `undefined` if none serves.
 */
export async function whoServes(
  name: ServiceName,
  config: ServiceConfig,
  records?: readonly ServiceRecord[],
): Promise<ServingService | undefined> {
  if (records) return serverIn(records, name, config);
  const about = (await LockedRight.holder(scopeOf(name, config), config.runner.dataDir))?.about;
  if (about === undefined) return undefined;
  return { about, isOfInstance: about.includes(`instance '${config.runner.instance}'`), hasEnded: false };
}

function serverIn(
  records: readonly ServiceRecord[],
  name: ServiceName,
  config: ServiceConfig,
): ServingService | undefined {
  const scope = scopeOf(name, config);
  const [server] = records
    .filter((record) => record.state !== "released" && doScopesConflict(record, scope))
    .toSorted((a, b) => b.epoch - a.epoch);
  if (!server) return undefined;
  const { instance, host, state, renewedAt } = server;
  const isSilent = state === "active" && Date.now() - renewedAt.getTime() > HOST_TIMES.missingMs;
  return {
    about: describeService(server),
    isOfInstance: instance === config.runner.instance,
    host,
    hasEnded: state === "ended",
    ...(isSilent && { silentSince: renewedAt }),
  };
}
