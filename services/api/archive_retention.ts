/**
 * Removes archives and dependencies that no bot or schedule needs any more.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { DEPENDENCIES_PREFIX } from "../../lib/executable/code_dependencies.ts";
import type { ObjectInfo } from "../../lib/objects/object_store.ts";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import { archivePrefix, LOCAL_PREFIX, parseArchiveKey } from "../documents/archive_key.ts";
import { codeNeedsOf, type CodeNeedsParts, type IsNeeded, keysOf } from "./needed_objects.ts";

/** An object that is removed, or would be. */
export interface PrunedObject {
  /** Key in the code bucket. */
  readonly key: string;
  /** Size in bytes. */
  readonly size: number;
}

/** Options of {@linkcode ArchiveRetention.prune}. */
export interface PruneOptions {
  /** Whether only to say what would be removed. @default false */
  readonly dryRun?: boolean;
  /** Cancels the call. */
  readonly signal: AbortSignal;
}

/** How long an archive that was uploaded or asked for waits for its deployment, in ms. */
const CLAIM_MS = 10 * 60_000;
/** Dependencies that were stored later may belong to a deployment under way, in ms. */
const FRESH_MS = 60 * 60_000;

/** Decides by one rule: an object stays while a document, a kept revision, a container, run or backtest names it. */
export class ArchiveRetention {
  readonly #parts: CodeNeedsParts;
  readonly #turns = new KeyedMutex();
  /** Keys that a deployment is about to name, with the time until which they stay. */
  readonly #claims = new Map<string, number>();
  readonly #log = getLogger(["berth", "api"]);

  /** @param parts The parts that it decides by. */
  constructor(parts: CodeNeedsParts) {
    this.#parts = parts;
  }

  /** Keeps an archive until its deployment. @param key Its key. */
  claim(key: string): void {
    const now = this.#parts.clock.now();
    for (const [other, until] of this.#claims) if (until < now) this.#claims.delete(other);
    this.#claims.set(key, now + CLAIM_MS);
  }

  /** Says that an archive is deployed, so that its revision keeps it from now on. @param key Its key. */
  release(key: string): void {
    this.#claims.delete(key);
  }

  /**
   * Removes the archives of a bot or a schedule that nothing needs.
   *
   * @param id Its id.
   * @param options See {@linkcode PruneOptions}.
   * @returns The objects that were removed, or would be.
   */
  prune(id: string, options: PruneOptions): Promise<PrunedObject[]> {
    return this.#turns.run(id, async () => {
      const { store, settings: { buckets } } = this.#parts;
      const { signal, dryRun = false } = options;
      await store.ensureBucket(buckets.code, { signal });
      const stored = await Array.fromAsync(store.list(buckets.code, archivePrefix(id), { signal }));
      const own = stored.filter(({ key }) => parseArchiveKey(key)?.id === id);
      const needs = [await codeNeedsOf(id, this.#parts, { trim: !dryRun, signal })];
      // Others may run the same archive.
      for (const user of await this.#parts.revisions.usersOf(id, { signal })) {
        needs.push(await codeNeedsOf(user, this.#parts, { trim: false, signal }));
      }
      return await this.#remove(own, (key) => needs.some((isNeeded) => isNeeded(key)), options);
    });
  }

  /**
   * Removes the archives of a bot or a schedule that nothing needs, and never rejects: the next deployment removes what
   * is left over.
   *
   * @param id Its id.
   * @param signal Cancels the call.
   */
  async pruneQuietly(id: string, signal: AbortSignal): Promise<void> {
    await this.prune(id, { signal }).catch((error) =>
      this.#log.warn("older archives not removed", { id, problem: messageOf(error) })
    );
  }

  /**
   * Removes all that nothing needs: archives of all bots and schedules, and dependencies.
   *
   * @param options See {@linkcode PruneOptions}.
   * @returns The objects that were removed, or would be.
   */
  async pruneAll(options: PruneOptions): Promise<PrunedObject[]> {
    const { store, settings: { buckets } } = this.#parts;
    const { signal } = options;
    await store.ensureBucket(buckets.code, { signal });
    const owners = new Set<string>();
    for await (const { key } of store.list(buckets.code, LOCAL_PREFIX, { signal })) {
      const id = parseArchiveKey(key)?.id;
      if (id !== undefined) owners.add(id);
    }
    const removed: PrunedObject[] = [];
    for (const id of owners) removed.push(...await this.prune(id, options));
    return [...removed, ...await this.#pruneDependencies(options)];
  }

  async #pruneDependencies(options: PruneOptions): Promise<PrunedObject[]> {
    const { store, bots, schedules, revisions, backtests, clock, settings: { buckets } } = this.#parts;
    const { signal } = options;
    const before = clock.now() - FRESH_MS;
    const stored: ObjectInfo[] = [];
    for await (const info of store.list(buckets.code, DEPENDENCIES_PREFIX, { signal })) {
      if (info.key.endsWith(".zip") && info.lastModified.getTime() < before) stored.push(info);
    }
    if (stored.length === 0) return [];
    const needed = new Set<string>();
    for (const repository of [bots, schedules]) {
      for (const { document } of await repository.list({ signal })) {
        for (const key of keysOf(document)) needed.add(key);
      }
    }
    for await (const { document, dependencies = [] } of revisions.all({ signal })) {
      if (document !== undefined) { for (const key of dependencies) needed.add(key); }
    }
    for (const { record: { executable } } of await backtests.listOpen({ signal })) {
      for (const built of Object.values(executable.dependencies ?? {})) if (built) needed.add(built.key);
    }
    return await this.#remove(stored, (key) => needed.has(key), options);
  }

  async #remove(
    objects: readonly ObjectInfo[],
    isNeeded: IsNeeded,
    { dryRun = false, signal }: PruneOptions,
  ): Promise<PrunedObject[]> {
    const { store, clock, settings: { buckets } } = this.#parts;
    const removed: PrunedObject[] = [];
    for (const { key, size } of objects) {
      if (isNeeded(key) || (this.#claims.get(key) ?? -Infinity) >= clock.now()) continue;
      if (!dryRun) await store.delete(buckets.code, key, { signal });
      removed.push({ key, size });
    }
    return removed;
  }
}
