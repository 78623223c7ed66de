/**
 * The sessions of browsers, which begin with a login code that works once.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import type { RecordStore } from "../records/record_store.ts";
import type { Caller } from "./api_parts.ts";
import { SecretRecords } from "./secret_records.ts";

/** How long a login code works, in ms. */
export const LOGIN_CODE_MS = 2 * 60_000;
/** How long a session lasts, in ms. */
export const SESSION_MS = 12 * 60 * 60_000;

/** The user of the session. */
export interface Session {
  /** Its id. */
  readonly id: string;
  /** The caller that requested the login code. */
  readonly name: string;
  /** The role of its holder. */
  readonly role: "read" | "operate";
}

/** The sessions. */
export class Sessions {
  readonly #codes: SecretRecords;
  readonly #sessions: SecretRecords;
  readonly #clock: Clock;

  /** @param records The database. @param clock The clock. */
  constructor(records: RecordStore, clock: Clock) {
    this.#codes = new SecretRecords(records, "login-codes", "login", clock);
    this.#sessions = new SecretRecords(records, "sessions", "session", clock);
    this.#clock = clock;
  }

  /**
   * Makes a login code.
   *
   * @param caller The caller whose rights the session has. A session ends with the token that it comes from.
   * @returns The code, and when it ends, in ms since the epoch.
   */
  async createCode({ name, role, tokenId, tokenEnds }: Caller): Promise<{ code: string; expiresAt: number }> {
    await this.#removeExpired(this.#codes);
    const expiresAt = this.#clock.now() + LOGIN_CODE_MS;
    const value = {
      name,
      role,
      expiresAt,
      ...(tokenId !== undefined && { tokenId }),
      ...(tokenEnds !== undefined && { tokenEnds }),
    };
    const { secret } = (await this.#codes.issue(value))!;
    return { code: secret, expiresAt };
  }

  /**
   * Begins a session.
   *
   * @param code The login code.
   * @returns The secret of the session; `undefined` if the code is wrong, over or used.
   */
  async begin(code: string): Promise<string | undefined> {
    const record = await this.#codes.verify(code);
    if (!record || Number(record.value.expiresAt) <= this.#clock.now()) return undefined;
    await this.#removeExpired(this.#sessions);
    const { name, role, tokenId, tokenEnds = Infinity } = record.value;
    const expiresAt = Math.min(this.#clock.now() + SESSION_MS, Number(tokenEnds));
    const value = { name, role, expiresAt, ...(tokenId !== undefined && { tokenId }) };
    // The session takes the code's id, so that of several requests with one code, one gets a session.
    const issued = await this.#sessions.issue(value, record.id);
    if (!issued) return undefined;
    await this.#codes.revoke(record.id);
    return issued.secret;
  }

  /**
   * Finds the session of a secret.
   *
   * @param secret The secret, of any form.
   * @returns The session; `undefined` if the secret is wrong, or the session over.
   */
  async verify(secret: string): Promise<Session | undefined> {
    const record = await this.#sessions.verify(secret);
    if (!record || Number(record.value.expiresAt) <= this.#clock.now()) return undefined;
    const { name, role } = record.value;
    return { id: record.id, name: String(name), role: role === "operate" ? "operate" : "read" };
  }

  /** Ends a session. @param id Its id. */
  async end(id: string): Promise<void> {
    await this.#sessions.revoke(id);
  }

  /** Ends the sessions and codes that come from a token. @param tokenId Its id. */
  async endOfToken(tokenId: string): Promise<void> {
    for (const secrets of [this.#codes, this.#sessions]) {
      for (const { id, value } of await secrets.list()) {
        if (value.tokenId === tokenId) await secrets.revoke(id);
      }
    }
  }

  async #removeExpired(secrets: SecretRecords): Promise<void> {
    for (const { id, value } of await secrets.list()) {
      if (Number(value.expiresAt) <= this.#clock.now()) await secrets.revoke(id);
    }
  }
}
