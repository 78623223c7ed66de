/**
 * The right to serve a database that several hosts share: a registration in it, which is renewed.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { InstanceLockedError } from "../../lib/runner/instance_lock.ts";
import { messageOf } from "../../lib/errors.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { elapsedMs, type Moment, momentOf } from "../../lib/util/moment.ts";
import {
  describeRival,
  describeService,
  judgeRival,
  type RightTimes,
  type RivalLock,
  type RivalSituation,
  servesElsewhere,
} from "./judge_rival.ts";
import { PauseDetector } from "./pause_detector.ts";
import { RivalSightings, type Sighting } from "./rival_sightings.ts";
import { describeScope, doScopesConflict, type ServedScope } from "./served_scope.ts";
import type { ServiceRecord, ServiceRegistry } from "./service_registry.ts";
import {
  describeStandby,
  type ReleaseOptions,
  type ServingRight,
  ServingRightLostError,
} from "./serving_right.ts";

/** The lock of this process on its host. */
export interface HostLock {
  /** Absolute path of its folder. */
  readonly path: string;
  /** Whether it is held; answers at once. */
  isHeld(): boolean;
}

/** The locks of the services of a host. */
export interface HostLocks {
  /** The lock of this process, which others look at. */
  readonly own: HostLock;
  /** Identifies the folder of a lock. */
  readonly idOf: (path: string) => string;
  /** Identifies the start of this host's engine, see `engineStartOf`. */
  readonly engineStart: () => string;
  /** Checks the lock of another service of this host. */
  readonly lookAt: (record: ServiceRecord) => Promise<RivalLock>;
}

/** Options of {@linkcode RegisteredRight}. */
export interface RegisteredRightOptions {
  /** The scope to serve. */
  readonly scope: ServedScope;
  /** Address at which other services reach the API of this process. @default {they do not} */
  readonly url?: string;
  /** The registrations. */
  readonly registry: ServiceRegistry;
  /** Identifies this host, see `Runner.hostId`. */
  readonly hostId: (signal: AbortSignal) => Promise<string>;
  /** The locks of this host. @default {there are none: the containers are on a cluster, and its name is the host's} */
  readonly locks?: HostLocks;
  /** How the right is kept and judged. */
  readonly times: RightTimes;
  /** Whether an operator says that the holder of the right is gone, and its bots with it. */
  readonly takeOver: boolean;
  /** Ends what runs on this host of a scope that another host serves. @throws The error that keeps it from that. */
  readonly fence: (scope: ServedScope, signal: AbortSignal) => Promise<void>;
  /** Where it is said who serves. */
  readonly log: Logger;
  /** The time. */
  readonly clock: Clock;
}

/** How often a service that stands by looks, in ms. */
const AGAIN_MS = 1000;
/** Number of later registrations after which an ended one is removed. */
const KEPT = 20;

/** Holds a registration. */
export class RegisteredRight implements ServingRight {
  readonly #options: RegisteredRightOptions;
  readonly #lost = new AbortController();
  readonly #token = crypto.randomUUID();
  readonly #sightings = new RivalSightings();
  readonly #pauses: PauseDetector;
  #record: ServiceRecord | undefined;
  /** When the database was last asked and confirmed the right, and how many pauses there had been by then. */
  #confirmed: { readonly at: Moment; readonly pauses: number } | undefined;
  /** The service that serves instead, while this one stands by. */
  #standsByFor: string | undefined;
  /** The scope that another host has taken over. */
  #servedElsewhere: ServedScope | undefined;

  /** @param options See {@linkcode RegisteredRightOptions}. */
  constructor(options: RegisteredRightOptions) {
    this.#options = options;
    this.#pauses = new PauseDetector(options.clock);
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
      const reason = rivals.map((rival) => describeRival(rival, this.#options.times)).join("; ");
      this.#standsByFor = reason;
      // The seconds of a silence are no reason to repeat the line.
      const news = reason.replaceAll(/\d/g, "");
      if (news !== told) log.warn("standing by", { reason });
      told = news;
      for (const { record } of rivals.filter(servesElsewhere)) await this.#fence(record, signal);
      await clock.sleep(AGAIN_MS, signal);
    }
    if (told !== undefined) log.warn("took over", { what: describeScope(scope) });
  }

  /** See {@linkcode ServingRight.keep}. */
  async keep(signal: AbortSignal): Promise<void> {
    const { clock, log, times } = this.#options;
    let problem: string | undefined;
    const ended = AbortSignal.any([signal, this.#lost.signal]);
    const looking = this.#pauses.run(ended);
    while (!signal.aborted && !this.#lost.signal.aborted) {
      await clock.sleep(times.beatMs, signal).catch(() => {});
      if (signal.aborted) break;
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
    await looking;
  }

  /** See {@linkcode ServingRight.whyIdle}. */
  whyIdle(): string | undefined {
    const { locks, clock, times } = this.#options;
    const confirmed = this.#confirmed;
    if (!confirmed) return describeStandby(this.#standsByFor);
    if (this.#lost.signal.aborted) return "the end of this service: another one has taken over";
    if (locks && !locks.own.isHeld()) {
      return `its lock '${locks.own.path}' to be taken again, within ${
        times.beatMs / 1000
      } s: it was removed`;
    }
    const toConfirm = "the database to confirm that no other service has taken over";
    if (this.#pauses.count() > confirmed.pauses) return `${toConfirm} while this one was kept from running`;
    const silentMs = elapsedMs(clock, confirmed.at);
    return silentMs < times.fenceMs
      ? undefined
      : `${toConfirm}: it has not for ${Math.round(silentMs / 1000)} s`;
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

  /** See {@linkcode ServingRight.standDown}. */
  async standDown(signal: AbortSignal): Promise<void> {
    const scope = this.#servedElsewhere;
    if (scope) await this.#options.fence(scope, signal);
  }

  /** While this process stands by it tries again with the next look. */
  async #fence(scope: ServedScope, signal: AbortSignal): Promise<void> {
    try {
      await this.#options.fence(scope, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#options.log.warn("bots that another host serves not stopped yet", { problem: messageOf(error) });
    }
  }

  /** @returns The services in the way; none if this process now has the right. */
  async #tryClaim(signal: AbortSignal): Promise<Rival[]> {
    const { registry, scope, url, hostId, clock, times } = this.#options;
    const host = await hostId(signal);
    while (true) {
      const sent = { at: momentOf(clock), pauses: this.#pauses.count() };
      const records = await this.#list(signal);
      const look = (record: ServiceRecord) => this.#situation(record, host, sent.at.monotonicMs);
      const rivals = await Promise.all(this.#rivalsIn(records).map(look));
      const inTheWay = rivals.filter((rival) => judgeRival(rival, times) !== "gone");
      this.#refuseBesideItself(inTheWay);
      if (inTheWay.length > 0) return inTheWay;
      // An insert whose answer was lost is found here.
      const own = records.find(({ token, state }) => token === this.#token && state === "active");
      const record: ServiceRecord = own ?? {
        ...scope,
        epoch: Math.max(0, ...records.map(({ epoch }) => epoch)) + 1,
        token: this.#token,
        state: "active",
        host,
        ...this.#aboutHost(),
        beat: 0,
        since: new Date(clock.now()),
        renewedAt: new Date(clock.now()),
        pid: Deno.pid,
        ...(url !== undefined && { url }),
      };
      if (!own && !await registry.insert(record, { signal })) continue;
      // A service that registered meanwhile came first; one that renewed meanwhile is still alive.
      const later = this.#rivalsIn(await registry.list({ signal }));
      const after = later.filter((each) => !this.#sightings.isAsSeen(each));
      if (after.length > 0) {
        await registry.end(record, "released", { signal });
        return await Promise.all(after.map(look));
      }
      for (const { record } of rivals) await registry.end(record, "released", { signal });
      await registry.removeReleased(record.epoch - KEPT, { signal });
      this.#record = record;
      this.#confirmed = sent;
      return [];
    }
  }

  /** Two processes of one instance on one host are a mistake, not a standby. */
  #refuseBesideItself(rivals: readonly Rival[]): void {
    const { scope: { instance }, locks } = this.#options;
    // Those of a cluster have one name: each container is known by it.
    if (!locks) return;
    const own = rivals.find(({ record, isSameHost, lock, hasChanged }) =>
      record.instance === instance && isSameHost && (lock === "held" || (lock !== "past" && hasChanged))
    );
    if (own) {
      throw new InstanceLockedError(
        instance,
        `pid ${own.record.pid}, since ${own.record.since.toISOString()}`,
      );
    }
  }

  async #renew(signal: AbortSignal): Promise<void> {
    const { registry, clock, scope } = this.#options;
    const sent = { at: momentOf(clock), pauses: this.#pauses.count() };
    const record = {
      ...this.#record!,
      ...this.#aboutHost(),
      beat: this.#record!.beat + 1,
      renewedAt: new Date(clock.now()),
    };
    const { beat, renewedAt, lockId, engineStart: start } = record;
    const renewal = { beat, renewedAt, lockId, engineStart: start };
    const isActive = await registry.renew(record, renewal, { signal });
    const later = this.#rivalsIn(await registry.list({ signal })).find(({ epoch }) => epoch > record.epoch);
    if (!isActive || later) {
      const rival = later && await this.#situation(later, record.host, sent.at.monotonicMs);
      if (rival && servesElsewhere(rival)) this.#servedElsewhere = rival.record;
      const by = rival ? ` by ${describeService(rival.record)}` : "";
      this.#lost.abort(
        new ServingRightLostError(`The right to serve ${describeScope(scope)} was taken over${by}.`),
      );
      return;
    }
    this.#record = record;
    this.#confirmed = sent;
  }

  /** On a cluster, a time in which nobody could renew a registration is no silence. */
  async #list(signal: AbortSignal): Promise<ServiceRecord[]> {
    try {
      return await this.#options.registry.list({ signal });
    } catch (error) {
      if (!this.#options.locks) this.#sightings.clear();
      throw error;
    }
  }

  #aboutHost(): Pick<ServiceRecord, "engineStart" | "lockPath" | "lockId"> {
    const { locks } = this.#options;
    if (!locks) return { engineStart: "", lockPath: "", lockId: "" };
    const { path } = locks.own;
    return { engineStart: locks.engineStart(), lockPath: path, lockId: locks.idOf(path) };
  }

  #rivalsIn(records: readonly ServiceRecord[]): ServiceRecord[] {
    const { scope } = this.#options;
    return records.filter((record) =>
      record.state !== "released" && record.token !== this.#token && doScopesConflict(record, scope)
    );
  }

  async #situation(record: ServiceRecord, host: string, atMs: number): Promise<Rival> {
    const { locks, takeOver } = this.#options;
    const isSameHost = record.host === host;
    const lock = isSameHost && locks ? await locks.lookAt(record) : "unreachable";
    return { record, isSameHost, lock, ...this.#sightings.see(record, lock, atMs), isSaidGone: takeOver };
  }
}

/** The state of a registered service, with its sightings. */
type Rival = RivalSituation & Sighting;
