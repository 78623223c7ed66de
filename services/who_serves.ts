/**
 * Finds out which service has the right to serve.
 *
 * @module
 */

import type { ServiceConfig, ServiceName } from "./config.ts";
import { describeService } from "./ownership/judge_rival.ts";
import { LockedRight } from "./ownership/locked_right.ts";
import { doScopesConflict, type ServedScope } from "./ownership/served_scope.ts";
import type { ServiceRecord, ServiceRegistry } from "./ownership/service_registry.ts";

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
 * @param registry The registrations. Without them, the locks beside the embedded database tell.
 * @returns A description of the service, or `undefined` if none serves.
 * @throws {StoreUnavailableError} If the database does not answer.
 */
export async function whoServes(
  name: ServiceName,
  config: ServiceConfig,
  registry?: Pick<ServiceRegistry, "list">,
): Promise<string | undefined> {
  if (registry) return serverIn(await registry.list(), name, config);
  return (await LockedRight.holder(scopeOf(name, config), config.runner.dataDir))?.about;
}

/**
 * Finds, among registrations, the service that serves the scope of a configuration.
 *
 * @param records The registrations.
 * @param name The service.
 * @param config The configuration.
 * @returns A description of the service, or `undefined` if none serves.
 */
export function serverIn(
  records: readonly ServiceRecord[],
  name: ServiceName,
  config: ServiceConfig,
): string | undefined {
  const scope = scopeOf(name, config);
  const server = records.find((record) => record.state === "active" && doScopesConflict(record, scope));
  return server && describeService(server);
}
