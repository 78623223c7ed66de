/**
 * Which service has the right to serve.
 *
 * @module
 */

import { scopeOf } from "./compose_rights.ts";
import { describeService } from "./ownership/judge_rival.ts";
import { LockedRight } from "./ownership/locked_right.ts";
import { doScopesConflict } from "./ownership/served_scope.ts";
import type { ServiceRecord, ServiceRegistry } from "./ownership/service_registry.ts";
import type { ServiceConfig, ServiceName } from "./config.ts";

/**
 * Looks who serves what a configuration names.
 *
 * @param name The service.
 * @param config The configuration.
 * @param registry The registrations; absent: the locks beside the embedded database are looked at.
 * @returns The service in words; `undefined` when none does.
 * @throws {StoreUnavailableError} when the database does not answer.
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
 * Finds in registrations who serves what a configuration names.
 *
 * @param records The registrations.
 * @param name The service.
 * @param config The configuration.
 * @returns The service in words; `undefined` when none does.
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
