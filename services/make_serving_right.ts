/**
 * Makes the right to serve that fits a configuration.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Runner } from "../lib/runner/runner.ts";
import { systemClock } from "../lib/util/clock.ts";
import type { ServiceConfig, ServiceName } from "./config.ts";
import { CLUSTER_TIMES, HOST_TIMES } from "./ownership/judge_rival.ts";
import { LockedRight } from "./ownership/locked_right.ts";
import { type HostLock, RegisteredRight, type RegisteredRightOptions } from "./ownership/registered_right.ts";
import { engineStartOf, lockIdOf, lookAtRivalLock } from "./ownership/rival_lock.ts";
import type { ServiceRegistry } from "./ownership/service_registry.ts";
import type { ServingRight } from "./ownership/serving_right.ts";
import { stopSupersededBots } from "./ownership/stop_superseded_bots.ts";
import type { StoreIdentities } from "./ownership/store_identity.ts";
import { toOwner } from "./ownership/store_owner.ts";
import { scopeOf } from "./who_serves.ts";

/** The parts that decide how a service gets its right to serve. */
export interface ServingRightParts {
  /** The registrations. Absent: the database is embedded, and locks beside it decide. */
  readonly registry?: ServiceRegistry;
  /** The identity of the document store. */
  readonly identities: StoreIdentities;
  /** The locks of this process, per service. Required with a registry on one host. */
  readonly locks?: Readonly<Partial<Record<ServiceName, HostLock>>>;
  /** Whether the operator confirms that the holder of the right is gone, with its bots. @default {false} */
  readonly takeOver?: boolean;
  /** The containers. */
  readonly runner: Pick<
    Runner,
    "capabilities" | "hostId" | "setOwner" | "superviseContainers" | "stopContainer"
  >;
}

/**
 * Makes the right to serve: a registration in MongoDB, or a lock beside the embedded database.
 *
 * @param name The service.
 * @param config The configuration.
 * @param parts See {@linkcode ServingRightParts}.
 * @throws {TypeError} If the database is shared, the containers are on one host, and the service has no lock.
 */
export function makeServingRight(
  name: ServiceName,
  config: ServiceConfig,
  { registry, identities, runner, locks, takeOver = false }: ServingRightParts,
): ServingRight {
  const own = scopeOf(name, config);
  const log = getLogger(["berth", name]);
  const common = { scope: own, log, clock: systemClock };
  if (!registry) return new LockedRight({ ...common, dataDir: config.runner.dataDir });
  const hostId = (signal: AbortSignal) => runner.hostId({ signal });
  return new RegisteredRight({
    ...common,
    ...(config.peers?.own !== undefined && { url: config.peers.own }),
    ...(runner.capabilities.spansHosts ? { times: CLUSTER_TIMES } : locksOf(name, config, locks)),
    registry,
    hostId: runner.capabilities.spansHosts ? onceKnown(hostId) : hostId,
    takeOver,
    async fence(other, signal) {
      // A service that stands by has not read the store's identity yet.
      runner.setOwner(toOwner(await identities.read({ signal })));
      await stopSupersededBots({ own, other, runner, log, signal });
    },
  });
}

/** A cluster keeps its name, and its managers may not answer while another Berth has to take over. */
function onceKnown(ask: (signal: AbortSignal) => Promise<string>): (signal: AbortSignal) => Promise<string> {
  let known: string | undefined;
  return async (signal) => known ??= await ask(signal);
}

/** On one host, its locks tell at once who lives. */
function locksOf(
  name: ServiceName,
  { runner: { dockerHost } }: ServiceConfig,
  locks: ServingRightParts["locks"],
): Pick<RegisteredRightOptions, "locks" | "times"> {
  const own = locks?.[name];
  if (!own) throw new TypeError(`A service on a shared database needs a lock, and '${name}' has none`);
  const engineStart = () => engineStartOf(dockerHost);
  return {
    times: HOST_TIMES,
    locks: {
      own,
      idOf: lockIdOf,
      engineStart,
      lookAt: (record) =>
        lookAtRivalLock(record, {
          path: own.path,
          isHeld: () => own.isHeld(),
          engineStart: engineStart(),
        }),
    },
  };
}
