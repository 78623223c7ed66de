/**
 * Makes the rights to serve of one process.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Runner } from "../lib/runner/runner.ts";
import { systemClock } from "../lib/util/clock.ts";
import { LockedRight } from "./ownership/locked_right.ts";
import { type HostLock, RegisteredRight } from "./ownership/registered_right.ts";
import { engineStartOf, lockIdOf, lookAtRivalLock } from "./ownership/rival_lock.ts";
import type { ServedScope } from "./ownership/served_scope.ts";
import type { ServiceRegistry } from "./ownership/service_registry.ts";
import type { ServingRight } from "./ownership/serving_right.ts";
import { stopSupersededBots } from "./ownership/stop_superseded_bots.ts";
import type { StoreIdentities } from "./ownership/store_identity.ts";
import { toOwner } from "./ownership/store_owner.ts";
import type { ServiceConfig, ServiceName } from "./config.ts";

/** Locks of a process, by the services that it runs. */
export type ServiceLocks = Readonly<Partial<Record<ServiceName, HostLock>>>;

/** What {@linkcode makeServingRight} needs besides the configuration. */
export interface ServingRightParts {
  /** The registrations; absent where only processes of this machine use the database. */
  readonly registry?: ServiceRegistry;
  /** The identity of the document store. */
  readonly identities: StoreIdentities;
  /** The containers. */
  readonly runner: Pick<Runner, "hostId" | "setOwner" | "listManagedContainers" | "stopContainer">;
  /** The locks of this process; needed with a registry. */
  readonly locks?: ServiceLocks;
  /** Whether an operator says that whoever has the right is gone, and its bots with it. @default {false} */
  readonly takeOver?: boolean;
}

/**
 * What a service of a configuration serves.
 *
 * @param name The service.
 * @param config The configuration.
 */
export function scopeOf(name: ServiceName, { segment, runner }: ServiceConfig): ServedScope {
  return { service: name, segment, instance: runner.instance };
}

/**
 * Makes the right of one service: a registration in MongoDB, or locks beside the embedded database.
 *
 * @param name The service.
 * @param config The configuration.
 * @param parts See {@linkcode ServingRightParts}.
 * @throws {TypeError} when a registry is given without a lock.
 */
export function makeServingRight(
  name: ServiceName,
  config: ServiceConfig,
  parts: ServingRightParts,
): ServingRight {
  const { registry, identities, runner, locks, takeOver = false } = parts;
  const own = scopeOf(name, config);
  const log = getLogger(["berth", name]);
  const common = { scope: own, log, clock: systemClock };
  if (!registry) return new LockedRight({ ...common, dataDir: config.runner.dataDir });
  const lock = locks?.[name];
  if (!lock) throw new TypeError(`A service on a shared database needs a lock, and '${name}' has none`);
  const engineStart = () => engineStartOf(config.runner.dockerHost);
  return new RegisteredRight({
    ...common,
    engineStart,
    registry,
    hostId: (signal) => runner.hostId({ signal }),
    lock,
    lockIdOf,
    lookAtLock: (record) =>
      lookAtRivalLock(record, {
        path: lock.path,
        isHeld: () => lock.isHeld(),
        engineStart: engineStart(),
      }),
    takeOver,
    async fence(other, signal) {
      // It may stand by, and has not learned the store yet.
      runner.setOwner(toOwner(await identities.read({ signal })));
      await stopSupersededBots({ own, other, runner, log, signal });
    },
  });
}
