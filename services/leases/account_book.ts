/**
 * Which bot or run holds which account at an exchange: one at a time, from its start until its container is gone.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { LeaseRef } from "../../lib/cluster/cluster_leases.ts";
import { messageOf } from "../../lib/errors.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import { servesSegment } from "../documents/serves_segment.ts";
import { AccountHeldError } from "./account_held_error.ts";
import { type AccountHolder, type AccountKeeper, ownerOf, readAbout, writeAbout } from "./account_holder.ts";
import type { LeaseRecord, LeaseStore } from "./lease_store.ts";

/** Options of {@linkcode AccountBook}. */
export interface AccountBookOptions {
  /** The database. */
  readonly store: LeaseStore;
  /** The service of this process: it knows best which containers are gone. */
  readonly keeper: AccountKeeper;
  /**
   * Whether the lease of a copy is held: the copy may then still live on a lost host, where no container can be seen.
   *
   * @default {none does}
   */
  readonly mayLive?: (lease: string, signal: AbortSignal) => Promise<boolean>;
  /** Called with each bot or run that waited for an account, once one is released by this process. */
  readonly onReleased: (waiting: AccountHolder) => void;
  /** The clock. */
  readonly clock: Clock;
}

const PREFIX = "account/";
/** Time between two looks whether a lost copy may still live, in ms. */
const LOST_MS = 5_000;

/** Takes and releases accounts. */
export class AccountBook implements AsyncDisposable {
  readonly #options: AccountBookOptions;
  /** The accounts that the bots and runs of this process hold, by their owner. */
  readonly #held = new Map<string, readonly LeaseRef[]>();
  /** The bots and runs that have found an account held since one was released last, by their owner. */
  readonly #waiting = new Map<string, AccountHolder>();
  readonly #ending = new AbortController();
  readonly #releasing = new Set<Promise<void>>();
  /** Releases that wait for the end of a lost copy. Aborted once that has ended. */
  readonly #lost = new Set<{ readonly owner: string; readonly gone: AbortController }>();
  readonly #log = getLogger(["berth", "leases"]);

  /** @param options See {@linkcode AccountBookOptions}. */
  constructor(options: AccountBookOptions) {
    this.#options = options;
  }

  /**
   * Reads the accounts that the bots, or runs, of this process hold. Call it before any is started.
   *
   * @param kind Which of them.
   * @param options A signal.
   * @returns Their ids: release the accounts of those whose containers are gone.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async load(kind: AccountHolder["kind"], options?: RepositoryCallOptions): Promise<string[]> {
    const { store, keeper } = this.#options;
    await store.open(options);
    const ids = new Set<string>();
    for (const record of await store.listHeld(PREFIX, options)) {
      const { holder, keeper: its } = readAbout(record.about);
      const isOwn = kind === "bot"
        ? servesSegment(keeper.segment, its.segment)
        : its.instance === keeper.instance;
      if (holder.kind !== kind || !isOwn) continue;
      this.#hold(record.owner, [...(this.#held.get(record.owner) ?? []), record]);
      ids.add(holder.id);
    }
    return [...ids];
  }

  /**
   * Takes all accounts of a bot or run that is about to start, or none. Each start takes them anew. It keeps those that
   * its last copy held: call {@linkcode AccountBook.keepOnly} once the new one has started.
   *
   * @param holder The holder that takes them.
   * @param accounts Their names.
   * @param options A signal.
   * @returns The epoch of each account, in the same order.
   * @throws {AccountHeldError} If somebody else holds one of them.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async take(
    holder: AccountHolder,
    accounts: readonly string[],
    options?: RepositoryCallOptions,
  ): Promise<Readonly<Record<string, number>>> {
    const owner = ownerOf(holder);
    const before = this.#held.get(owner) ?? [];
    const taken: LeaseRef[] = [];
    try {
      // In one order, so that two that want the same never take one each.
      for (const account of accounts.toSorted()) await this.#takeOne(holder, account, taken, options);
    } catch (error) {
      this.#hold(owner, [...before, ...taken]);
      if (error instanceof AccountHeldError) {
        this.#waiting.set(owner, holder);
        this.release(holder);
      }
      throw error;
    }
    this.#hold(owner, [...taken, ...before.filter(({ key }) => !taken.some((one) => one.key === key))]);
    this.#waiting.delete(owner);
    const epochs = new Map(taken.map(({ key, epoch }) => [key.slice(PREFIX.length), epoch]));
    return Object.fromEntries(accounts.map((account) => [account, epochs.get(account)!]));
  }

  /**
   * Releases what the last copy of a bot held and the one that has just started does not name.
   *
   * @param holder The holder whose copy has started.
   * @param accounts The accounts that the new copy names.
   */
  keepOnly(holder: AccountHolder, accounts: readonly string[]): void {
    const owner = ownerOf(holder);
    const { kept = [], dropped = [] } = Object.groupBy(
      this.#held.get(owner) ?? [],
      ({ key }) => accounts.includes(key.slice(PREFIX.length)) ? "kept" : "dropped",
    );
    this.#hold(owner, kept);
    // From now on, the lease of the holder is that of its new copy. The last one is gone.
    for (const lost of this.#lost) if (lost.owner === owner) lost.gone.abort();
    if (dropped.length > 0) this.#releaseLater({ kind: holder.kind, id: holder.id }, dropped);
  }

  /**
   * Looks whether a bot could take its accounts, and takes none.
   *
   * @param holder The holder that would take them.
   * @param accounts Their names.
   * @param options A signal.
   * @throws {AccountHeldError} If somebody else holds one of them.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async check(
    holder: AccountHolder,
    accounts: readonly string[],
    options?: RepositoryCallOptions,
  ): Promise<void> {
    for (const account of accounts) await this.#look(holder, account, options);
  }

  /**
   * Releases the accounts of a bot or run whose container is gone. Does nothing if it holds none. A release
   * that the database does not take is tried again.
   *
   * @param holder The holder that had them.
   */
  release(holder: AccountHolder): void {
    const owner = ownerOf(holder);
    const held = this.#held.get(owner);
    if (!held) return;
    this.#held.delete(owner);
    this.#releaseLater(holder, held);
  }

  /**
   * Releases the accounts of a run that another service has left, once no copy of it can live. Does nothing where only that
   * service knows: on a host, its containers may run on.
   *
   * @param holder The holder that had them, with the lease of its copy.
   */
  releaseLost(holder: AccountHolder): void {
    if (this.#options.mayLive) this.#releaseLater(holder, undefined);
  }

  /** Stops the releases in progress; another process completes them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort(new DOMException("The accounts are closed.", "AbortError"));
    await Promise.all(this.#releasing);
  }

  #hold(owner: string, leases: readonly LeaseRef[]): void {
    if (leases.length > 0) this.#held.set(owner, leases);
    else this.#held.delete(owner);
  }

  /** @param taken Gets the take before it is written: a write whose answer is lost may have been carried out. */
  async #takeOne(
    holder: AccountHolder,
    account: string,
    taken: LeaseRef[],
    options?: RepositoryCallOptions,
  ): Promise<void> {
    const { store, keeper, clock } = this.#options;
    const key = `${PREFIX}${account}`;
    while (true) {
      const latest = await this.#look(holder, account, options);
      const record: LeaseRecord = {
        key,
        epoch: (latest?.epoch ?? 0) + 1,
        owner: ownerOf(holder),
        leaseSeconds: 0,
        isReleased: false,
        beat: 0,
        takenAt: new Date(clock.now()),
        about: writeAbout(holder, keeper),
      };
      taken.push(record);
      if (await store.insert(record, options)) return await store.removeBefore(key, record.epoch, options);
      taken.pop();
    }
  }

  /** @returns The last take. @throws {AccountHeldError} If it is somebody else's. */
  async #look(
    holder: AccountHolder,
    account: string,
    options?: RepositoryCallOptions,
  ): Promise<LeaseRecord | undefined> {
    const latest = (await this.#options.store.find(`${PREFIX}${account}`, options)).at(-1);
    if (latest && !latest.isReleased && latest.owner !== ownerOf(holder)) {
      throw new AccountHeldError(account, readAbout(latest.about).holder, latest.takenAt);
    }
    return latest;
  }

  #releaseLater(holder: AccountHolder, leases: readonly LeaseRef[] | undefined): void {
    const releasing = this.#release(holder, leases).finally(() => this.#releasing.delete(releasing));
    this.#releasing.add(releasing);
  }

  /** @param given The leases to release. @default {all that the holder has in the database now} */
  async #release(holder: AccountHolder, given: readonly LeaseRef[] | undefined): Promise<void> {
    const { store, mayLive, clock, onReleased } = this.#options;
    const { signal } = this.#ending;
    const lost = { owner: ownerOf(holder), gone: new AbortController() };
    this.#lost.add(lost);
    let leases = given;
    let failures = 0;
    while (!signal.aborted) {
      try {
        leases ??= (await store.listHeld(PREFIX, { signal })).filter(({ owner }) => owner === lost.owner);
        // A copy that has come meanwhile has taken them with a later epoch, which this does not release.
        const isAlive = holder.lease !== undefined && !lost.gone.signal.aborted &&
          (await mayLive?.(holder.lease, signal) ?? false);
        if (!isAlive) {
          for (const lease of leases) await store.release(lease, { signal });
          break;
        }
        await clock.sleep(LOST_MS, AbortSignal.any([signal, lost.gone.signal])).catch(() => {});
      } catch (error) {
        if (signal.aborted) return;
        const retryInMs = backoffMs(++failures, RETRY.store);
        this.#log.warn("account not released", { of: ownerOf(holder), problem: messageOf(error), retryInMs });
        await clock.sleep(retryInMs, signal).catch(() => {});
      }
    }
    this.#lost.delete(lost);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    if (!signal.aborted) {
      for (const one of waiting) if (ownerOf(one) !== lost.owner) onReleased(one);
    }
  }
}
