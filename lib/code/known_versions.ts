/**
 * Remembers the content hash of objects, and which archives were refused.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { LRUCache } from "lru-cache";
import { type InvalidArchiveError, messageOf } from "../errors.ts";
import type { ObjectInfo } from "../objects/object_store.ts";
import { unlessMissing } from "../util/files.ts";

/** A version of an object. */
export type ObjectVersion = Pick<ObjectInfo, "key" | "etag" | "size">;

/** Number of versions, and of refusals, to remember. */
const MAX_KNOWN = 5_000;

/** Remembers the content hashes of object versions in a file, so that a new process need not fetch them again. */
export class KnownVersions {
  readonly #file: string;
  readonly #hashes = new LRUCache<string, string>({ max: MAX_KNOWN });
  /** Hash of the last content of each key. */
  readonly #latest = new LRUCache<string, string>({ max: MAX_KNOWN });
  readonly #refusals = new LRUCache<string, InvalidArchiveError>({ max: MAX_KNOWN });
  readonly #log = getLogger(["berth", "runner"]);
  #writing: Promise<void> = Promise.resolve();

  /** @param file Absolute path of the file. Its folder must exist before a version is added. */
  constructor(file: string) {
    this.#file = file;
  }

  /** Reads the file. A damaged file counts as empty. */
  async read(): Promise<void> {
    const text = await unlessMissing(Deno.readTextFile(this.#file));
    if (text === undefined) return;
    try {
      for (const [version, place, sha256] of JSON.parse(text) as [string, string, string][]) {
        this.#hashes.set(version, sha256);
        this.#latest.set(place, sha256);
      }
    } catch (error) {
      this.#log.warn("versions of archives forgotten", { file: this.#file, problem: messageOf(error) });
    }
  }

  /** Returns the SHA-256 of a version's content, if known. @param bucket Its bucket. @param version The version. */
  hashOf(bucket: string, version: ObjectVersion): string | undefined {
    return this.#hashes.get(versionOf(bucket, version));
  }

  /** Returns the SHA-256 of the last known content of a key. @param bucket Its bucket. @param key The key. */
  latestAt(bucket: string, key: string): string | undefined {
    return this.#latest.get(placeOf(bucket, key));
  }

  /**
   * Remembers a version.
   *
   * @param bucket Its bucket.
   * @param version The version.
   * @param sha256 Hash of its content.
   */
  async add(bucket: string, version: ObjectVersion, sha256: string): Promise<void> {
    this.#hashes.set(versionOf(bucket, version), sha256);
    this.#latest.set(placeOf(bucket, version.key), sha256);
    await (this.#writing = this.#writing.then(() => this.#write()));
  }

  /** Returns why a version was refused. @param bucket Its bucket. @param version The version. */
  refusalOf(bucket: string, version: ObjectVersion): InvalidArchiveError | undefined {
    return this.#refusals.get(versionOf(bucket, version));
  }

  /** Remembers that a version was refused. @param bucket Its bucket. @param version The version. @param error Why. */
  refuse(bucket: string, version: ObjectVersion, error: InvalidArchiveError): void {
    this.#refusals.set(versionOf(bucket, version), error);
  }

  /** Remembers that a content was refused, in whatever version. @param sha256 Its hash. @param error Why. */
  refuseContent(sha256: string, error: InvalidArchiveError): void {
    for (const [version, known] of this.#hashes.entries()) {
      if (known === sha256) this.#refusals.set(version, error);
    }
  }

  /** Writes the file. It only saves work, so a failure is logged and ignored. */
  async #write(): Promise<void> {
    const rows = [...this.#hashes.entries()].reverse().map(([version, sha256]) => {
      const [bucket, key] = JSON.parse(version) as [string, string];
      return [version, placeOf(bucket, key), sha256];
    });
    const partial = `${this.#file}.${crypto.randomUUID()}`;
    try {
      await Deno.writeTextFile(partial, JSON.stringify(rows), { mode: 0o600, createNew: true });
      await Deno.rename(partial, this.#file);
    } catch (error) {
      await Deno.remove(partial).catch(() => {});
      this.#log.warn("versions of archives not written", { file: this.#file, problem: messageOf(error) });
    }
  }
}

function versionOf(bucket: string, { key, etag, size }: ObjectVersion): string {
  return JSON.stringify([bucket, key, etag, size]);
}

function placeOf(bucket: string, key: string): string {
  return JSON.stringify([bucket, key]);
}
