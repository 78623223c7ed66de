/**
 * Runs the services of one process, each while it holds the right to serve.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Runner } from "../lib/runner/runner.ts";
import { systemClock } from "../lib/util/clock.ts";
import type { AccompanyOptions, ComposedNotifications } from "./compose_notifications.ts";
import type { ServiceConfig, ServiceName } from "./config.ts";
import { untilDone } from "./control/until_done.ts";
import { serveWhileHeld } from "./ownership/serve_while_held.ts";
import type { ServingRight } from "./ownership/serving_right.ts";
import type { StoreOwner } from "./ownership/store_owner.ts";

/** A service as it is run. */
export interface ServedService extends Pick<AccompanyOptions, "watch"> {
  /** Runs it until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/** Parts of {@linkcode serveAll}. */
export interface ServeParts {
  /** The services. */
  readonly services: Readonly<Record<ServiceName, ServedService>>;
  /** Their rights to serve. */
  readonly rights: ReadonlyMap<ServiceName, ServingRight>;
  /** Names the owner of the store. */
  readonly owner: StoreOwner;
  /** The containers. */
  readonly runner: Pick<Runner, "listManagedContainers">;
  /** Notifies people of incidents. */
  readonly notifications: ComposedNotifications;
}

/**
 * Runs the services that the configuration names until the signal is aborted or one of them fails.
 *
 * @param config The configuration.
 * @param parts See {@linkcode ServeParts}.
 * @param signal Ends them.
 * @throws The error of the first service that failed. It ends the other one, too: a supervisor can only restart the
 * whole process.
 */
export async function serveAll(
  config: ServiceConfig,
  parts: ServeParts,
  signal: AbortSignal,
): Promise<void> {
  const failing = new AbortController();
  const ending = AbortSignal.any([signal, failing.signal]);
  const failures: unknown[] = [];
  await Promise.all(config.services.map((name) =>
    serve(name, config, parts, ending).catch((error) => {
      failures.push(error);
      failing.abort(error);
    })
  ));
  if (failures.length > 0) throw failures[0];
}

async function serve(
  name: ServiceName,
  { segment }: ServiceConfig,
  { services, rights, owner, runner, notifications }: ServeParts,
  signal: AbortSignal,
): Promise<void> {
  const log = getLogger(["berth", name]);
  const clock = systemClock;
  const kind = name === "bots" ? "bot" : "run";
  const { run, watch } = services[name];
  const onOutage = (part: string, problem?: unknown) =>
    notifications.outages.report(`${name} ${part}`, problem);
  await serveWhileHeld({
    onOutage,
    right: rights.get(name)!,
    log,
    signal,
    clock,
    async serve(signal) {
      // The runner has to know whose containers are its own before it lists, starts or stops any.
      const identity = await untilDone("store", (signal) => owner.name(signal), {
        onOutage,
        log,
        signal,
        clock,
      }).catch((error) => {
        if (!signal.aborted) throw error;
      });
      if (!identity) return;
      await notifications.accompany(name, { watch, work: run, signal });
    },
    async isLeavingBots() {
      const containers = await runner.listManagedContainers(segment, { kind });
      return containers.some(({ phase, isForeign }) => phase === "running" && !isForeign);
    },
  });
}
