/**
 * Which user each bot runs as.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { BerthError } from "../errors.ts";
import type { FileOwner } from "../util/files.ts";

/** Ids of users, both ends included. */
export interface UidRange {
  /** The first one. */
  readonly first: number;
  /** The last one. */
  readonly last: number;
}

/** A bot's user on the engine. */
export interface LiveUser {
  /** Which bot: see {@linkcode botUserKey}. */
  readonly key: string;
  /** Its user. */
  readonly uid: number;
}

/** How users are given: one for all bots, or one of a range for each. */
export type BotUserPolicy =
  | { readonly kind: "one"; readonly owner: FileOwner }
  | { readonly kind: "range"; readonly range: UidRange };

/** What {@linkcode BotUsers} works with. */
export interface BotUsersOptions {
  /** How users are given. */
  readonly policy: BotUserPolicy;
  /** Whether a user of the host, or of another program's containers, has a uid. */
  readonly isOnHost: (uid: number) => Promise<boolean>;
  /** Whether this process may give files to the users of the range: not in a user namespace that lacks them. */
  readonly canGive: (uid: number) => Promise<boolean>;
  /** Lists the users of all containers that are on the engine, those of other instances included. */
  readonly listLive: (signal?: AbortSignal) => Promise<readonly LiveUser[]>;
  /** Milliseconds on a monotonic clock. @default {performance.now} */
  readonly clock?: () => number;
}

/** The customary unprivileged user of images without users: where bots cannot have one each. */
export const UNPRIVILEGED: FileOwner = { uid: 65_532, gid: 65_532 };

/** For how long a list of the engine's containers is good enough, in ms. */
const LIST_AGE_MS = 60_000;

/**
 * Gives each bot a user of its own, the same one whenever it starts. The uid follows from the bot's key alone; where
 * two keys meet in one uid, the one that comes later takes the next that is free.
 *
 * Bots that share a uid share its limits, such as the number of inotify instances, and whoever runs as it on the host
 * reads their files and memory.
 */
export class BotUsers {
  readonly #options: BotUsersOptions;
  readonly #clock: () => number;
  #byKey = new Map<string, number>();
  #byUid = new Map<number, string>();
  #recent = new Map<string, number>();
  #listedAt = -Infinity;
  #listing: Promise<void> | undefined;
  #canGive: Promise<boolean> | undefined;

  /** @param options See {@linkcode BotUsersOptions}. */
  constructor(options: BotUsersOptions) {
    this.#options = options;
    this.#clock = options.clock ?? (() => performance.now());
  }

  /** What of it shapes a container: a change replaces containers, a uid that had to be another one does not. */
  get spec(): string {
    const { policy } = this.#options;
    if (policy.kind === "one") return `${policy.owner.uid}:${policy.owner.gid}`;
    return `${policy.range.first}-${policy.range.last}`;
  }

  /**
   * The user of a bot. From now on no other bot of this process gets it.
   *
   * @param key See {@linkcode botUserKey}.
   * @returns The user; its group has the same number.
   * @throws {EngineUnavailableError} If the engine does not say which users are taken.
   * @throws {BerthError} If no user of the range is free (`bots/users`).
   */
  async ownerOf(key: string, signal?: AbortSignal): Promise<FileOwner> {
    const { policy, isOnHost } = this.#options;
    if (policy.kind === "one") return policy.owner;
    this.#canGive ??= this.#options.canGive(policy.range.last).catch((error) => {
      this.#canGive = undefined;
      throw error;
    });
    if (!await this.#canGive) return UNPRIVILEGED;
    await this.#list(signal);
    const known = this.#byKey.get(key);
    if (known !== undefined) return { uid: known, gid: known };
    const size = policy.range.last - policy.range.first + 1;
    for (let tries = 0; tries < size; tries++) {
      const uid = preferredUid(key, policy.range, tries);
      const holder = this.#byUid.get(uid);
      if (holder !== undefined && holder !== key) continue;
      if (await isOnHost(uid)) continue;
      // Another start may have taken it while the host's users were read.
      if ((this.#byUid.get(uid) ?? key) !== key) continue;
      this.#take(key, uid);
      this.#recent.set(key, uid);
      return { uid, gid: uid };
    }
    throw new BerthError(
      "bots/users",
      `No user from ${policy.range.first} to ${policy.range.last} is free for '${key}'. ` +
        "Choose a larger BOT_UID_RANGE.",
    );
  }

  #take(key: string, uid: number): void {
    this.#byKey.set(key, uid);
    this.#byUid.set(uid, key);
  }

  /** Concurrent starts share one list. */
  async #list(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#clock() - this.#listedAt < LIST_AGE_MS) return;
    this.#listing ??= this.#readList().finally(() => this.#listing = undefined);
    await this.#listing;
  }

  async #readList(): Promise<void> {
    const live = await this.#options.listLive();
    // What was given since the list before may be a start under way that is not in this one yet.
    const given = [...this.#recent];
    this.#recent = new Map();
    this.#byKey = new Map();
    this.#byUid = new Map();
    for (const { key, uid } of live) if (!this.#byUid.has(uid)) this.#take(key, uid);
    for (const [key, uid] of given) {
      if (!this.#byKey.has(key) && !this.#byUid.has(uid)) this.#take(key, uid);
    }
    this.#listedAt = this.#clock();
  }
}

/**
 * What a bot's user follows from: two instances on one engine may have bots of the same id.
 *
 * @param instance Name of the instance.
 * @param id Id of the bot.
 */
export function botUserKey(instance: string, id: string): string {
  return `${instance}/${id}`;
}

/**
 * The uid that a bot gets when it is free.
 *
 * @param key See {@linkcode botUserKey}.
 * @param range Where from.
 * @param tries How many before it were taken.
 */
export function preferredUid(key: string, { first, last }: UidRange, tries: number = 0): number {
  const hash = createHash("sha256").update(`berth bot user\0${key}`).digest().readUIntBE(0, 6);
  const size = last - first + 1;
  return first + ((hash % size) + tries) % size;
}
