/**
 * Decides which user each bot runs as.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { BerthError } from "../errors.ts";
import type { FileOwner } from "../util/files.ts";

/** Range of user ids, both ends included. */
export interface UidRange {
  /** First id. */
  readonly first: number;
  /** Last id. */
  readonly last: number;
}

/** User of a bot that has a container on the engine. */
export interface LiveUser {
  /** Key of the bot, see {@linkcode botUserKey}. */
  readonly key: string;
  /** User id. */
  readonly uid: number;
}

/** How bots get users: one user for all, or one user of a range for each. */
export type BotUserPolicy =
  | { readonly kind: "one"; readonly owner: FileOwner }
  | { readonly kind: "range"; readonly range: UidRange };

/** Options of {@linkcode BotUsers}. */
export interface BotUsersOptions {
  /** How bots get users. */
  readonly policy: BotUserPolicy;
  /** Whether the host, or a container of another program, uses a user id. */
  readonly isOnHost: (uid: number) => Promise<boolean>;
  /** Whether this process may give files to the users of the range; a user namespace may lack them. */
  readonly canGive: (uid: number) => Promise<boolean>;
  /** Lists the users of all containers on the engine, also of other instances. */
  readonly listLive: (signal?: AbortSignal) => Promise<readonly LiveUser[]>;
  /** Milliseconds on a monotonic clock. @default {performance.now} */
  readonly clock?: () => number;
}

/** The customary unprivileged user of images, for bots that cannot have one each. */
export const UNPRIVILEGED: FileOwner = { uid: 65_532, gid: 65_532 };

/** How long a list of the engine's containers is reused, in ms. */
const LIST_MAX_AGE_MS = 60_000;

/**
 * Gives each bot a user of its own, the same one at every start. The user id is derived from the bot's key; if it is
 * taken, the bot gets the next free id.
 *
 * Bots must not share a user id: they would share its limits, such as the number of inotify instances, and any process
 * on the host with this id could read their files and memory.
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

  /** Whether all bots have one user, so that a limit of the user's processes would be one for all of them. */
  get isShared(): boolean {
    return this.#options.policy.kind === "one";
  }

  /** The part that is hashed into a container's specification: a bot that gets another user id is not replaced. */
  get spec(): string {
    const { policy } = this.#options;
    if (policy.kind === "one") return `${policy.owner.uid}:${policy.owner.gid}`;
    return `${policy.range.first}-${policy.range.last}`;
  }

  /**
   * Returns the user of a bot, and reserves it: no other bot of this process gets it.
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
    if (this.#clock() - this.#listedAt < LIST_MAX_AGE_MS) return;
    this.#listing ??= this.#readList().finally(() => this.#listing = undefined);
    await this.#listing;
  }

  async #readList(): Promise<void> {
    const live = await this.#options.listLive();
    // Users given since the last list may belong to starts in progress, which this list does not show yet.
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
 * Builds the key that a bot's user is derived from: two instances on one engine may have bots with the same id.
 *
 * @param instance Name of the instance.
 * @param id Id of the bot.
 */
export function botUserKey(instance: string, id: string): string {
  return `${instance}/${id}`;
}

/**
 * Derives a user id from a bot's key.
 *
 * @param key See {@linkcode botUserKey}.
 * @param range Range of the ids.
 * @param tries Number of derived ids that are taken.
 */
export function preferredUid(key: string, { first, last }: UidRange, tries: number = 0): number {
  const hash = createHash("sha256").update(`berth bot user\0${key}`).digest().readUIntBE(0, 6);
  const size = last - first + 1;
  return first + ((hash % size) + tries) % size;
}
