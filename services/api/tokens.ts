/**
 * The tokens with which programs and other machines call the API.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import type { Token } from "../contract/tokens.ts";
import type { RecordStore, StoredRecord } from "../records/record_store.ts";
import { ApiProblem, notFound } from "./api_problem.ts";
import { MAX_SECRET_RECORDS, SecretRecords } from "./secret_records.ts";

/** A new token. */
export interface NewToken {
  /** Its name, for people. */
  readonly name: string;
  /** The role of its holder. */
  readonly role: "read" | "operate";
  /** When it ends, in ms since the epoch; absent for never. */
  readonly expiresAt?: number;
  /** Its creator. */
  readonly createdBy: string;
}

/** The tokens. */
export class Tokens {
  readonly #secrets: SecretRecords;
  readonly #clock: Clock;

  /** @param records The database. @param clock The clock. */
  constructor(records: RecordStore, clock: Clock) {
    this.#secrets = new SecretRecords(records, "tokens", "berth", clock);
    this.#clock = clock;
  }

  /**
   * Makes a token.
   *
   * @param token Its name, role and end.
   * @returns The token, and its value, which is not stored.
   * @throws {ApiProblem} 409 if a token has this name, or there are too many.
   */
  async create(
    { name, role, expiresAt, createdBy }: NewToken,
  ): Promise<{ readonly token: Token; readonly value: string }> {
    const existing = await this.list();
    if (existing.some((token) => token.name === name)) {
      throw new ApiProblem(409, "token/exists", `There is already a token '${name}'.`, {
        advice: "Choose another name, or revoke it first.",
      });
    }
    if (existing.length >= MAX_SECRET_RECORDS) {
      throw new ApiProblem(409, "token/too-many", `There are ${existing.length} tokens already.`, {
        advice: "Revoke those that nobody uses.",
      });
    }
    const value = {
      name,
      role,
      createdBy,
      createdAt: this.#clock.now(),
      ...(expiresAt !== undefined && { expiresAt }),
    };
    const { id, secret } = (await this.#secrets.issue(value))!;
    return { token: this.#toToken({ id, revision: 1, value }), value: secret };
  }

  /** Lists the tokens by name, without their values. */
  async list(): Promise<Token[]> {
    const tokens = (await this.#secrets.list()).map((record) => this.#toToken(record));
    return tokens.sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /**
   * Revokes a token: at once in this process, within seconds in others.
   *
   * @param id Its id.
   * @throws {ApiProblem} 404 if there is none.
   */
  async revoke(id: string): Promise<void> {
    if (!await this.#secrets.revoke(id)) throw notFound("token", id);
  }

  /**
   * Finds the token of a value.
   *
   * @param value The value, of any form.
   * @returns The token; `undefined` if the value is wrong, revoked or over.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async verify(value: string): Promise<Token | undefined> {
    const record = await this.#secrets.verify(value);
    const token = record && this.#toToken(record);
    return token?.isExpired === false ? token : undefined;
  }

  #toToken({ id, value }: StoredRecord): Token {
    const { name, role, createdBy, createdAt, expiresAt } = value;
    return {
      id,
      name: String(name),
      role: role === "operate" ? "operate" : "read",
      createdBy: String(createdBy),
      createdAt: new Date(Number(createdAt)).toISOString(),
      ...(expiresAt !== undefined && { expiresAt: new Date(Number(expiresAt)).toISOString() }),
      isExpired: expiresAt !== undefined && Number(expiresAt) <= this.#clock.now(),
    };
  }
}
