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
 * Makes the functions that remove leftovers, one for each service. A service removes only the kinds that it starts: another
 * Berth on the same engine may lead the other service, and may be starting a container. Each leader runs builds, so only a
 * process that leads all services removes the leftovers of builds.
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
