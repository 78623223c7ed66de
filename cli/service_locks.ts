/**
 * The locks of the services on this machine.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { LockHolder } from "../lib/util/folder_lock.ts";
import { InstanceLock, InstanceLockedError } from "../lib/runner/instance_lock.ts";
import type { ServiceConfig, ServiceName } from "../services/config.ts";

/** How often the locks are renewed, in ms. */
const RENEW_INTERVAL_MS = 5000;
/** A service whose lock was not renewed for this long counts as frozen, in ms. */
const FROZEN_AFTER_MS = 30_000;

/** The locks of one process. */
export interface ServiceLockSet extends AsyncDisposable {
  /** One lock per service, because two processes of one instance may run one service each. */
  readonly locks: Readonly<Partial<Record<ServiceName, InstanceLock>>>;
  /** Aborted when another process has taken one of the locks. */
  readonly lost: AbortSignal;
}

/**
 * Acquires the locks of the services that a configuration names, and renews them.
 *
 * @param config The configuration, whose `TEMP_DIR` exists.
 * @throws {InstanceLockedError} If another process of the same instance runs on this machine.
 */
export async function acquireServiceLocks({ services, runner }: ServiceConfig): Promise<ServiceLockSet> {
  await using stack = new AsyncDisposableStack();
  const { tempDir, instance } = runner;
  const log = getLogger(["berth"]);
  // systemd-tmpfiles does not clean a locked folder.
  const folder = await Deno.open(tempDir);
  stack.defer(() => folder.close());
  await folder.tryLock(false);
  const locks: Partial<Record<ServiceName, InstanceLock>> = {};
  for (const name of services) locks[name] = stack.use(await InstanceLock.acquire(tempDir, instance, name));
  const lost = new AbortController();
  const renew = async (lock: InstanceLock) => {
    const state = await lock.renew().catch(() => "held" as const);
    if (state === "regained") log.warn("lock was removed, and is taken again", { path: lock.path });
    if (state === "lost") {
      lost.abort(new InstanceLockedError(instance, `the lock '${lock.path}' was removed`));
    }
  };
  const timer = setInterval(() => void Promise.all(Object.values(locks).map(renew)), RENEW_INTERVAL_MS);
  stack.defer(() => clearInterval(timer));
  const held = stack.move();
  return { locks, lost: lost.signal, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

/**
 * Finds the processes on this machine that run an instance's services.
 *
 * @param config The configuration.
 * @returns The processes by service.
 */
export async function serviceHolders(
  { runner }: Pick<ServiceConfig, "runner">,
): Promise<Partial<Record<ServiceName, LockHolder>>> {
  const { tempDir, instance } = runner;
  const [bots, schedules] = await Promise.all([
    InstanceLock.holder(tempDir, instance, "bots"),
    InstanceLock.holder(tempDir, instance, "schedules"),
  ]);
  return { ...(bots && { bots }), ...(schedules && { schedules }) };
}

/**
 * Whether a process holds its lock but does nothing, because a signal has stopped it or it hangs.
 *
 * @param holder The process.
 * @param now Current time in ms since the epoch.
 */
export function isFrozen({ renewedAt }: LockHolder, now: number): boolean {
  return renewedAt !== undefined && now - renewedAt.getTime() > FROZEN_AFTER_MS;
}
