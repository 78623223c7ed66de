/**
 * The snapshots of bots in the object store.
 *
 * @module
 */

import { downloadObject } from "../code/download_object.ts";
import { ObjectNotFoundError } from "../errors.ts";
import type { ObjectCallOptions, ObjectStore } from "../objects/object_store.ts";
import { archiveKeyOf, descriptionKeyOf, homeKeyOf, parseSnapshotKey, statePrefix } from "./snapshot_name.ts";
import { parseSnapshot, type Snapshot } from "./snapshot.ts";
import { StateError } from "./state_error.ts";

/** Age from which an archive without a description counts as left by a dead process, in ms. */
const ABANDONED_MS = 60 * 60_000;

/** Where the folder of a bot is. */
export interface StateHome {
  /** Name of the instance. */
  readonly instance: string;
  /** Absolute path of the folder on its host. */
  readonly folder: string;
  /** When it was made. */
  readonly madeAt: string;
}

/**
 * Stores snapshots. A snapshot exists once its description does: the archive is stored before it and removed after it.
 */
export class SnapshotStore {
  readonly #store: ObjectStore;
  readonly #bucket: string;

  /** @param store The object store. @param bucket Bucket of the snapshots. */
  constructor(store: ObjectStore, bucket: string) {
    this.#store = store;
    this.#bucket = bucket;
  }

  /**
   * Stores a snapshot, whole or not at all.
   *
   * @param snapshot Its description.
   * @param path Path of its archive.
   */
  async put(snapshot: Snapshot, path: string, options: ObjectCallOptions = {}): Promise<void> {
    const { bot, name } = snapshot;
    await this.#store.ensureBucket(this.#bucket, options);
    await this.#store.putFile(this.#bucket, archiveKeyOf(bot, name), path, {
      ...options,
      contentType: "application/gzip",
    });
    await this.describe(snapshot, options);
  }

  /**
   * Turns an already stored archive into a snapshot.
   *
   * @param snapshot Its description.
   */
  async describe(snapshot: Snapshot, options: ObjectCallOptions = {}): Promise<void> {
    await this.#putJson(descriptionKeyOf(snapshot.bot, snapshot.name), snapshot, options);
  }

  /**
   * Lists the snapshots of a bot, the newest first.
   *
   * @param id Id of the bot.
   */
  async list(id: string, options: ObjectCallOptions = {}): Promise<Snapshot[]> {
    await this.#store.ensureBucket(this.#bucket, options);
    const names: string[] = [];
    for await (const key of this.#store.listKeys(this.#bucket, statePrefix(id), options)) {
      const parsed = parseSnapshotKey(key);
      if (parsed?.part === "description") names.push(parsed.name);
    }
    const found = await Promise.all(names.reverse().map((name) => this.#read(id, name, options)));
    return found.filter((snapshot) => snapshot !== undefined);
  }

  /**
   * Downloads the archive of a snapshot.
   *
   * @param id Id of the bot.
   * @param snapshot The snapshot.
   * @param path Path of the file, which must not exist.
   * @throws {StateError} If it is of another bot, or its archive is missing or not the one that was stored.
   */
  async download(id: string, snapshot: Snapshot, path: string, signal: AbortSignal): Promise<void> {
    if (snapshot.bot !== id) throw ofAnotherBot(id, snapshot.bot);
    const key = archiveKeyOf(id, snapshot.name);
    const content = await this.#store.get(this.#bucket, key, { signal }).catch((error) => {
      if (error instanceof ObjectNotFoundError) {
        throw damaged(snapshot, "its archive is not in the object store");
      }
      throw error;
    });
    const { sha256, size } = await downloadObject(path, this.#bucket, content, signal);
    if (size !== snapshot.archiveBytes) {
      throw damaged(snapshot, `its archive has ${size} of ${snapshot.archiveBytes} bytes`);
    }
    if (sha256 !== snapshot.sha256) throw damaged(snapshot, "its archive does not have the recorded SHA-256");
  }

  /**
   * Removes all but the newest snapshots of a bot, and archives that a dead process did not complete.
   *
   * @param id Id of the bot.
   * @param keep Number of snapshots to keep.
   * @param now The time, in ms since 1970.
   * @param options A signal, and the name of a snapshot to keep in addition.
   */
  async prune(
    id: string,
    keep: number,
    now: number,
    { spare, ...options }: ObjectCallOptions & { readonly spare?: string | undefined } = {},
  ): Promise<void> {
    const archives = new Map<string, number>();
    const described: string[] = [];
    for await (const { key, lastModified } of this.#store.list(this.#bucket, statePrefix(id), options)) {
      const parsed = parseSnapshotKey(key);
      if (parsed?.part === "archive") archives.set(parsed.name, lastModified.getTime());
      if (parsed?.part === "description") described.push(parsed.name);
    }
    const old = described.sort().slice(0, Math.max(0, described.length - keep));
    for (const name of old) if (name !== spare) await this.#remove(id, name, options);
    for (const [name, writtenAt] of archives) {
      const isAbandoned = !described.includes(name) && now - writtenAt > ABANDONED_MS;
      if (isAbandoned) await this.#remove(id, name, options);
    }
  }

  /**
   * Removes everything of a bot.
   *
   * @param id Id of the bot.
   * @returns Number of snapshots that were removed.
   */
  async removeAll(id: string, options: ObjectCallOptions = {}): Promise<number> {
    await this.#store.ensureBucket(this.#bucket, options);
    const keys = await Array.fromAsync(this.#store.listKeys(this.#bucket, statePrefix(id), options));
    // Descriptions first: what is half removed is no snapshot.
    const ordered = keys.toSorted((a, b) => Number(b.endsWith(".json")) - Number(a.endsWith(".json")));
    for (const key of ordered) await this.#store.delete(this.#bucket, key, options);
    return keys.filter((key) => parseSnapshotKey(key)?.part === "description").length;
  }

  /** Reports where the folder of a bot is; `undefined` if it never had one. @param id Id of the bot. */
  async home(id: string, options: ObjectCallOptions = {}): Promise<StateHome | undefined> {
    await this.#store.ensureBucket(this.#bucket, options);
    const text = await this.#readText(homeKeyOf(id), options);
    return text === undefined ? undefined : JSON.parse(text);
  }

  /** Records where the folder of a bot is. @param id Id of the bot. @param home Where. */
  async setHome(id: string, home: StateHome, options: ObjectCallOptions = {}): Promise<void> {
    await this.#store.ensureBucket(this.#bucket, options);
    await this.#putJson(homeKeyOf(id), home, options);
  }

  async #read(id: string, name: string, options: ObjectCallOptions): Promise<Snapshot | undefined> {
    const text = await this.#readText(descriptionKeyOf(id, name), options);
    const snapshot = text === undefined ? undefined : parseSnapshot(text);
    return snapshot && { ...snapshot, name };
  }

  async #readText(key: string, options: ObjectCallOptions): Promise<string | undefined> {
    try {
      return await new Response((await this.#store.get(this.#bucket, key, options)).body).text();
    } catch (error) {
      // It may have been removed since it was listed.
      if (error instanceof ObjectNotFoundError) return undefined;
      throw error;
    }
  }

  async #putJson(key: string, value: unknown, options: ObjectCallOptions): Promise<void> {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    await this.#store.put(this.#bucket, key, bytes, { ...options, contentType: "application/json" });
  }

  async #remove(id: string, name: string, options: ObjectCallOptions): Promise<void> {
    await this.#store.delete(this.#bucket, descriptionKeyOf(id, name), options);
    await this.#store.delete(this.#bucket, archiveKeyOf(id, name), options);
  }
}

/** The error of a snapshot that is not the bot's. @param id Id of the bot. @param other Id in the snapshot. */
export function ofAnotherBot(id: string, other: string): StateError {
  return new StateError(
    "of-another-bot",
    `This is a snapshot of bot '${other.slice(0, 128)}', not of '${id}'.`,
    {
      advice:
        "Nothing was changed. To use it nevertheless, extract it and put its files with 'berth state put'.",
    },
  );
}

function damaged({ bot, name }: Snapshot, why: string): StateError {
  return new StateError("damaged", `Snapshot ${name} of '${bot}' is damaged: ${why}.`, {
    advice: "Nothing was changed. Choose another snapshot: 'berth state ls' lists them.",
  });
}
