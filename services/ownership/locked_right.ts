/**
 * The right to serve an embedded database: locks beside it, because every process that uses it is on its machine.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { FolderLock, type LockHolder } from "../../lib/util/folder_lock.ts";
import { InstanceLockedError } from "../../lib/runner/instance_lock.ts";
import { ALL_SEGMENTS } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { describeScope, type ServedScope } from "./served_scope.ts";
import { describeStandby, type ServingRight, ServingRightLostError } from "./serving_right.ts";

/** Dependencies of {@linkcode LockedRight}. */
export interface LockedRightOptions {
  /** The scope to serve. */
  readonly scope: ServedScope;
  /** Absolute path of the folder of the database. */
  readonly dataDir: string;
  /** Logs which service serves. */
  readonly log: Logger;
  /** The clock. */
  readonly clock: Clock;
}

/** How often a service that stands by tries, in ms. */
const AGAIN_MS = 500;
/** How often the locks are renewed, in ms. */
const RENEW_MS = 5000;
/**
 * How often, and every how many ms, a lock that is taken is tried again before it counts as taken: another process may
 * only look at it.
 */
const TRIES = 5;
const TRY_MS = 20;

/** A lock that a scope needs. */
interface WantedLock {
  readonly path: string;
  readonly shared: boolean;
}

/** Holds the locks of a scope. */
export class LockedRight implements ServingRight {
  readonly #options: LockedRightOptions;
  readonly #lost = new AbortController();
  #locks: readonly FolderLock[] = [];
  /** The service that serves instead, while this one stands by. */
  #standsByFor: string | undefined;

  /** @param options See {@linkcode LockedRightOptions}. */
  constructor(options: LockedRightOptions) {
    this.#options = options;
  }

  /**
   * Finds the process that serves a scope, without taking a lock.
   *
   * @param scope The scope.
   * @param dataDir Absolute path of the folder of the database.
   * @returns The process that does; `undefined` when none does.
   */
  static async holder(scope: ServedScope, dataDir: string): Promise<LockHolder | undefined> {
    for (const { path, shared } of locksOf(scope, dataDir)) {
      const holder = await FolderLock.readHolder(path, { shared });
      if (typeof holder !== "string") return holder;
    }
    return undefined;
  }

  /** See {@linkcode ServingRight.lost}. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** See {@linkcode ServingRight.acquire}. */
  async acquire(signal: AbortSignal): Promise<void> {
    const { scope, dataDir, log, clock } = this.#options;
    let told: string | undefined;
    for (let tries = 1;; tries++) {
      signal.throwIfAborted();
      if (await this.#tryAcquire()) break;
      const holder = tries < TRIES ? undefined : await LockedRight.holder(scope, dataDir);
      if (holder?.about.startsWith(signature(scope.instance))) {
        throw new InstanceLockedError(scope.instance, holder.about);
      }
      if (holder && holder.about !== told) {
        this.#standsByFor = `${holder.about} serves ${describeScope(scope)}`;
        log.warn("standing by", { reason: this.#standsByFor });
        told = holder.about;
      }
      await clock.sleep(tries < TRIES ? TRY_MS : AGAIN_MS, signal);
    }
    if (told !== undefined) log.warn("took over", { what: describeScope(scope), from: told });
  }

  /** See {@linkcode ServingRight.keep}. */
  async keep(signal: AbortSignal): Promise<void> {
    const { log, clock, scope } = this.#options;
    while (!signal.aborted && !this.#lost.signal.aborted) {
      await clock.sleep(RENEW_MS, signal).catch(() => {});
      for (const lock of signal.aborted ? [] : this.#locks) {
        const state = await lock.renew().catch(() => "held" as const);
        if (state === "regained") log.warn("lock was removed, and is taken again", { path: lock.path });
        if (state === "lost") {
          const message = `Another process serves ${
            describeScope(scope)
          }: the lock '${lock.path}' was removed.`;
          this.#lost.abort(new ServingRightLostError(message));
        }
      }
    }
  }

  /** See {@linkcode ServingRight.whyIdle}. */
  whyIdle(): string | undefined {
    if (this.#locks.length === 0) return describeStandby(this.#standsByFor);
    const gone = this.#locks.find((lock) => !lock.isHeld());
    return gone && `its lock '${gone.path}' to be taken again, within ${RENEW_MS / 1000} s: it was removed`;
  }

  /** See {@linkcode ServingRight.release}. */
  async release(): Promise<void> {
    for (const lock of this.#locks) await lock[Symbol.asyncDispose]();
    this.#locks = [];
  }

  /** See {@linkcode ServingRight.standDown}. The new holder of the lock is on this host. */
  standDown(): Promise<void> {
    return Promise.resolve();
  }

  async #tryAcquire(): Promise<boolean> {
    const { scope, dataDir } = this.#options;
    const about = `${signature(scope.instance)} (pid ${Deno.pid}, since ${new Date().toISOString()})`;
    const locks: FolderLock[] = [];
    for (const { path, shared } of locksOf(scope, dataDir)) {
      const lock = await FolderLock.tryAcquire(path, about, { shared });
      if (!lock) {
        for (const each of locks) await each[Symbol.asyncDispose]();
        return false;
      }
      locks.push(lock);
    }
    this.#locks = locks;
    return true;
  }
}

/** Services of different segments share the first one, and whoever serves all segments has it alone. */
function locksOf({ service, segment, instance }: ServedScope, dataDir: string): WantedLock[] {
  const folder = `${dataDir}/locks`;
  if (service === "schedules") return [{ path: `${folder}/schedules-${instance}`, shared: false }];
  const isAll = segment === ALL_SEGMENTS;
  return [
    { path: `${folder}/bots`, shared: !isAll },
    ...(isAll ? [] : [{ path: `${folder}/bots-${segment}`, shared: false }]),
  ];
}

function signature(instance: string): string {
  return `instance '${instance}'`;
}
