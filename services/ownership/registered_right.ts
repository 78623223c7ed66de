/**
 * The right to serve a database that several hosts share: a registration in it, which is renewed.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { InstanceLockedError } from "../../lib/runner/instance_lock.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Clock } from "../../lib/util/clock.ts";
import {
  BEAT_MS,
  describeRival,
  FENCE_MS,
  judgeRival,
  type RivalLock,
  type RivalSituation,
} from "./judge_rival.ts";
import { describeScope, doScopesConflict, type ServedScope } from "./served_scope.ts";
import type { ServiceRecord, ServiceRegistry } from "./service_registry.ts";
import { type ReleaseOptions, type ServingRight, ServingRightLostError } from "./serving_right.ts";

/** The lock of this process on its host. */
export interface HostLock {
  /** Absolute path of its folder. */
  readonly path: string;
  /** Whether it is held; asks without a wait. */
  isHeld(): boolean;
}

/** What a {@linkcode RegisteredRight} needs. */
export interface RegisteredRightOptions {
  /** What is to be served. */
  readonly scope: ServedScope;
  /** The registrations. */
  readonly registry: ServiceRegistry;
  /** Identifies this host, see `Runner.hostId`. */
  readonly hostId: (signal: AbortSignal) => Promise<string>;
  /** The lock of this process, which others look at. */
  readonly lock: HostLock;
  /** Identifies the folder of a lock. */
  readonly lockIdOf: (path: string) => string;
  /** Looks at the lock of another service of this host. */
  readonly lookAtLock: (record: ServiceRecord) => Promise<RivalLock>;
  /** Whether an operator says that whoever has the right is gone, and its bots with it. */
  readonly takeOver: boolean;
  /** Where it is said who serves. */
  readonly log: Logger;
  /** What waits. */
  readonly clock: Clock;
  /** A clock that never goes back, in ms. @default {performance.now} */
  readonly monotonic?: () => number;
}

/** How often a service that stands by looks, in ms. */
const AGAIN_MS = 1000;
/** Registrations that are over are kept for so many others. */
const KEPT = 20;

/** Holds a registration. */
export class RegisteredRight implements ServingRight {
  readonly #options: Required<RegisteredRightOptions>;
  readonly #lost = new AbortController();
  readonly #token = crypto.randomUUID();
  /** What was seen of each registration, and since when it is so. */
  readonly #seen = new Map<
    string,
    { readonly state: string; readonly since: number; readonly hasChanged: boolean }
  >();
  #record: ServiceRecord | undefined;
  #confirmedAt = -Infinity;

  /** @param options See {@linkcode RegisteredRightOptions}. */
  constructor(options: RegisteredRightOptions) {
    this.#options = { monotonic: () => performance.now(), ...options };
  }

  /** See {@linkcode ServingRight.lost}. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** See {@linkcode ServingRight.acquire}. */
  async acquire(signal: AbortSignal): Promise<void> {
    const { log, clock, scope } = this.#options;
    let told: string | undefined;
    while (true) {
      signal.throwIfAborted();
      const rivals = await this.#tryClaim(signal);
      if (rivals.length === 0) break;
      const reason = rivals.map(describeRival).join("; ");
      // The seconds of a silence are no reason to repeat the line.
      const news = reason.replaceAll(/\d/g, "");
      if (news !== told) log.warn("standing by", { reason });
      told = news;
      await clock.sleep(AGAIN_MS, signal);
    }
    if (told !== undefined) log.warn("took over", { what: describeScope(scope) });
  }

  /** See {@linkcode ServingRight.keep}. */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    let problem: string | undefined;
    while (!signal.aborted && !this.#lost.signal.aborted) {
      await clock.sleep(BEAT_MS, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        await this.#renew(signal);
        if (problem !== undefined) log.info("registration is renewed again");
        problem = undefined;
      } catch (error) {
        if (!signal.aborted && problem === undefined) {
          problem = messageOf(error);
          log.warn("registration not renewed", { problem });
        }
      }
    }
  }

  /** See {@linkcode ServingRight.whyIdle}. */
  whyIdle(): string | undefined {
    const { monotonic, lock } = this.#options;
    if (!lock.isHeld()) {
      return `its lock '${lock.path}' was removed; it is taken again within ${BEAT_MS / 1000} s`;
    }
    const silentMs = monotonic() - this.#confirmedAt;
    if (silentMs < FENCE_MS) return undefined;
    return `the database to confirm that no other service has taken over: it has not for ${
      Math.round(silentMs / 1000)
    } s`;
  }

  /** See {@linkcode ServingRight.release}. */
  async release({ isLeavingBots }: ReleaseOptions): Promise<void> {
    const { registry, log } = this.#options;
    if (!this.#record || this.#lost.signal.aborted) return;
    try {
      await registry.end(this.#record, isLeavingBots ? "ended" : "released");
    } catch (error) {
      log.warn("registration not ended", { problem: messageOf(error) });
    }
  }

  /** @returns Who is in the way; nobody when the right is this process's now. */
  async #tryClaim(signal: AbortSignal): Promise<RivalSituation[]> {
    const { registry, scope, lock, lockIdOf, hostId } = this.#options;
    const host = await hostId(signal);
    while (true) {
      const sentAt = this.#options.monotonic();
      const records = await registry.list({ signal });
      const rivals = await Promise.all(
        this.#rivalsIn(records).map((record) => this.#situation(record, host)),
      );
      const inTheWay = rivals.filter((rival) => judgeRival(rival) !== "gone");
      this.#refuseBesideItself(inTheWay);
      if (inTheWay.length > 0) return inTheWay;
      // An insert whose answer was lost is found here.
      const own = records.find(({ token }) => token === this.#token);
      const record: ServiceRecord = own ?? {
        ...scope,
        epoch: Math.max(0, ...records.map(({ epoch }) => epoch)) + 1,
        token: this.#token,
        state: "active",
        host,
        lockPath: lock.path,
        lockId: lockIdOf(lock.path),
        beat: 0,
        since: new Date(),
        pid: Deno.pid,
      };
      if (!own && !await registry.insert(record, { signal })) continue;
      // Who was registered meanwhile, and not seen before, has come first.
      const gone = new Set(rivals.map(({ record }) => record.token));
      const after = this.#rivalsIn(await registry.list({ signal })).filter(({ token }) => !gone.has(token));
      if (after.length > 0) {
        await registry.end(record, "released", { signal });
        return await Promise.all(after.map((each) => this.#situation(each, host)));
      }
      for (const { record } of rivals) await registry.end(record, "released", { signal });
      await registry.removeReleased(record.epoch - KEPT, { signal });
      this.#record = record;
      this.#confirmedAt = sentAt;
      return [];
    }
  }

  /** Two of one instance on one host are a mistake, and no reserve. */
  #refuseBesideItself(rivals: readonly RivalSituation[]): void {
    const { instance } = this.#options.scope;
    const own = rivals.find(({ record, isSameHost, lock }) =>
      record.instance === instance && isSameHost &&
      (lock === "held" || this.#seen.get(record.token)?.hasChanged)
    );
    if (own) {
      throw new InstanceLockedError(
        instance,
        `pid ${own.record.pid}, since ${own.record.since.toISOString()}`,
      );
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { registry, lockIdOf, lock, monotonic, scope } = this.#options;
    const record = this.#record!;
    const sentAt = monotonic();
    const beat = record.beat + 1;
    const isActive = await registry.renew(record, { beat, lockId: lockIdOf(lock.path) }, { signal });
    const later = this.#rivalsIn(await registry.list({ signal })).find(({ epoch }) => epoch > record.epoch);
    if (!isActive || later) {
      const by = later ? ` by ${describeRival(await this.#situation(later, record.host))}` : "";
      this.#lost.abort(
        new ServingRightLostError(`The right to serve ${describeScope(scope)} was taken over${by}.`),
      );
      return;
    }
    this.#record = { ...record, beat };
    this.#confirmedAt = sentAt;
  }

  #rivalsIn(records: readonly ServiceRecord[]): ServiceRecord[] {
    const { scope } = this.#options;
    return records.filter((record) =>
      record.state !== "released" && record.token !== this.#token && doScopesConflict(record, scope)
    );
  }

  async #situation(record: ServiceRecord, host: string): Promise<RivalSituation> {
    const { lookAtLock, monotonic, takeOver } = this.#options;
    const isSameHost = record.host === host;
    const now = monotonic();
    const state = `${record.state} ${record.beat}`;
    const before = this.#seen.get(record.token);
    const seen = before?.state === state ? before : { state, since: now, hasChanged: before !== undefined };
    this.#seen.set(record.token, seen);
    return {
      record,
      isSameHost,
      lock: isSameHost ? await lookAtLock(record) : "unreachable",
      unchangedMs: now - seen.since,
      isSaidGone: takeOver,
    };
  }
}
