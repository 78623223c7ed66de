/**
 * The passes with which Berths of one database recognize each other.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import type { RecordStore } from "../records/record_store.ts";
import { SecretRecords } from "./secret_records.ts";

/** Headers of a request that one Berth passes on to another. */
export const PEER_HEADERS = {
  /** The pass of the Berth that passes it on. */
  pass: "berth-pass",
  /** Where the caller is, as that Berth sees it. */
  from: "berth-caller-from",
  /** Secret of the caller's session, which has no cookie there. */
  session: "berth-caller-session",
} as const;

/** How long a pass is valid, in ms. */
const PASS_MS = 24 * 3_600_000;
/** How long a process uses one, in ms: clocks differ, and a stream may take hours. */
const USED_MS = PASS_MS / 2;

/** The passes. Anyone who can make one can write the database, and could make a token as well. */
export class PeerPasses {
  readonly #secrets: SecretRecords;
  readonly #clock: Clock;
  #own: { readonly value: Promise<string>; readonly until: number } | undefined;

  /** @param records The database. @param clock The clock. */
  constructor(records: RecordStore, clock: Clock) {
    this.#secrets = new SecretRecords(records, "peer-passes", "peer", clock);
    this.#clock = clock;
  }

  /** Returns the pass of this process. @throws {StoreUnavailableError} If it has none and the database does not answer. */
  async own(): Promise<string> {
    const now = this.#clock.now();
    if (!this.#own || this.#own.until <= now) {
      const value = this.#issue(now + PASS_MS);
      this.#own = { value, until: now + USED_MS };
      value.catch(() => this.#own = undefined);
    }
    return await this.#own.value;
  }

  /**
   * Tells whether a value is the pass of a Berth.
   *
   * @param value The value, of any form.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async verify(value: string): Promise<boolean> {
    const record = await this.#secrets.verify(value);
    return record !== undefined && Number(record.value.expiresAt) > this.#clock.now();
  }

  async #issue(expiresAt: number): Promise<string> {
    for (const { id, value } of await this.#secrets.list()) {
      if (Number(value.expiresAt) <= this.#clock.now()) await this.#secrets.revoke(id);
    }
    return (await this.#secrets.issue({ expiresAt }))!.secret;
  }
}
