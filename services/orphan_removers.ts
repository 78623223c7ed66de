/**
 * Which leftovers of earlier processes each service removes.
 *
 * @module
 */

import type { LeftoverKind, Runner } from "../lib/runner/runner.ts";
import type { ServiceName } from "./config.ts";

/** Removes leftovers: once, however often it is called, unless it has failed. */
export type OrphanRemover = (signal: AbortSignal) => Promise<unknown>;

const KINDS: Readonly<Record<ServiceName, readonly LeftoverKind[]>> = {
  bots: ["bot", "backtest"],
  schedules: ["run"],
};

/**
 * Makes what removes the leftovers of each service. A service that has begun to lead removes those of its own kinds: of
 * several Berths on one engine, another one may lead the other service and be starting its containers. Whoever leads any
 * service builds, so the leftovers of builds are removed by a process that leads all of them.
 *
 * @param services The services of this process.
 * @param runner Removes leftovers.
 * @param leads Whether this process leads a service now.
 */
export function orphanRemovers(
  services: readonly ServiceName[],
  runner: Pick<Runner, "removeOrphans">,
  leads: (service: ServiceName) => boolean,
): Readonly<Record<ServiceName, OrphanRemover>> {
  const leadsAll = () => services.length === Object.keys(KINDS).length && services.every(leads);
  const removerOf = (name: ServiceName) =>
    onceUntilSuccess((signal) => {
      const kinds: LeftoverKind[] = [...KINDS[name], ...(leadsAll() ? ["build" as const] : [])];
      return runner.removeOrphans({ signal, kinds });
    });
  return { bots: removerOf("bots"), schedules: removerOf("schedules") };
}

/** Shares one execution among all callers; after a failure, the next call tries again. */
function onceUntilSuccess(work: OrphanRemover): OrphanRemover {
  let shared: Promise<unknown> | undefined;
  return (signal) => {
    const current = shared ??= work(signal);
    current.catch(() => shared = undefined);
    return current;
  };
}
