/**
 * Records that a secret gives access to: tokens and sessions. The database holds hashes of the secrets alone.
 *
 * @module
 */

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Clock } from "../../lib/util/clock.ts";
import type { RecordStore, StoredRecord } from "../records/record_store.ts";

/** How old the known records may be, in ms: a revocation by another process works after this time at the latest. */
const FRESH_MS = 3000;
/** Largest number of records of a kind. */
export const MAX_SECRET_RECORDS = 1000;

/** A record together with its secret, which nobody sees again. */
export interface IssuedSecret {
  /** Its id. */
  readonly id: string;
  /** The secret, with the id in it. */
  readonly secret: string;
}

/**
 * Records under secrets of the form `{prefix}_{id}_{random}`. A check of a known one reads no database if the records
 * were read within the last three seconds; what this process revokes, and what any issues, counts at once.
 */
export class SecretRecords {
  readonly #records: RecordStore;
  readonly #collection: string;
  readonly #form: RegExp;
  readonly #prefix: string;
  readonly #clock: Clock;
  #known = new Map<string, StoredRecord>();
  #readAt = -Infinity;
  #reading: Promise<void> | undefined;
  /** Counts changes of this process: a read that began before one knows nothing of it. */
  #changes = 0;

  /**
   * @param records The database.
   * @param collection Name of the collection.
   * @param prefix Begins every secret, so that programs that look for leaked secrets find it.
   * @param clock The clock.
   */
  constructor(records: RecordStore, collection: string, prefix: string, clock: Clock) {
    this.#records = records;
    this.#collection = collection;
    this.#prefix = prefix;
    this.#form = new RegExp(`^${prefix}_([a-z0-9]{12})_([A-Za-z0-9_-]{43})$`);
    this.#clock = clock;
  }

  /**
   * Stores a record under a new secret of 256 random bits.
   *
   * @param value The record.
   * @param id Its id, 12 lower-case letters and digits. @default {a random one}
   * @returns The secret; `undefined` if the id exists: of several calls at once, exactly one succeeds.
   */
  async issue(value: StoredRecord["value"], id: string = randomId()): Promise<IssuedSecret | undefined> {
    const secret = `${this.#prefix}_${id}_${randomBytes(32).toString("base64url")}`;
    const hash = hashOf(secret).toString("hex");
    if (!await this.#records.insert(this.#collection, id, { ...value, hash })) return undefined;
    this.#forget();
    return { id, secret };
  }

  /**
   * Finds the record of a secret. Compares whole hashes in constant time.
   *
   * @param secret The secret, of any form.
   * @returns The record; `undefined` if the secret is wrong or revoked.
   * @throws {StoreUnavailableError} If the database does not answer: what was revoked meanwhile cannot be known.
   */
  async verify(secret: string): Promise<StoredRecord | undefined> {
    const id = this.#form.exec(secret)?.[1];
    if (id === undefined) return undefined;
    await this.#refresh();
    // Another process may have issued it a moment ago.
    const record = this.#known.get(id) ?? await this.#records.get(this.#collection, id);
    const expected = Buffer.from(String(record?.value.hash ?? "").padEnd(64, "0"), "hex");
    const isRight = timingSafeEqual(hashOf(secret), expected);
    return record && isRight ? record : undefined;
  }

  /** Gives the records as they are in the database, in the order of their ids. */
  async list(): Promise<StoredRecord[]> {
    this.#forget();
    await this.#refresh();
    return [...this.#known.values()];
  }

  /**
   * Removes a record, so that its secret is worth nothing.
   *
   * @param id Its id.
   * @returns Whether there was one.
   */
  async revoke(id: string): Promise<boolean> {
    try {
      return await this.#records.delete(this.#collection, id);
    } finally {
      this.#known.delete(id);
      this.#forget();
    }
  }

  #forget(): void {
    this.#changes++;
    this.#readAt = -Infinity;
    this.#reading = undefined;
  }

  async #refresh(): Promise<void> {
    if (this.#clock.monotonic() - this.#readAt < FRESH_MS) return;
    await (this.#reading ??= this.#read());
  }

  async #read(): Promise<void> {
    const changes = this.#changes;
    const beganAt = this.#clock.monotonic();
    try {
      const records = await this.#records.list(this.#collection, { limit: MAX_SECRET_RECORDS });
      if (changes !== this.#changes) return await this.#refresh();
      this.#known = new Map(records.map((record) => [record.id, record]));
      this.#readAt = beganAt;
    } finally {
      if (changes === this.#changes) this.#reading = undefined;
    }
  }
}

function hashOf(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

function randomId(): string {
  return Array.from(randomBytes(12), (byte) => ALPHABET[byte % ALPHABET.length]).join("");
}
