/**
 * Bounds calls to a MongoDB server by a time limit and signals.
 *
 * @module
 */

import type { MongoClient } from "mongodb";
import { CallScope } from "../../lib/util/call_scope.ts";
import { abortable } from "../../lib/util/promises.ts";
import { StoreUnavailableError } from "../documents/bot_repository.ts";
import { mongoAddress } from "./connect_mongo.ts";
import { toStoreError } from "./mongo_errors.ts";

/** Sends calls until it is closed. */
export class MongoCalls {
  readonly #client: MongoClient;
  readonly #limitMs: number;
  readonly #address: string;
  readonly #closing = new AbortController();

  /** @param client The connection. @param limitMs How long the server may stay silent, in ms. */
  constructor(client: MongoClient, limitMs: number) {
    this.#client = client;
    this.#limitMs = limitMs;
    this.#address = mongoAddress(client);
  }

  /**
   * Sends a call.
   *
   * @param what The purpose, as in "Cannot …".
   * @param options The signal that aborts the call.
   * @param work The call. It is not awaited after an abort, so a write may still take effect.
   * @returns The result of the call.
   * @throws {StoreUnavailableError} If the server does not answer, or refuses.
   */
  async run<T>(
    what: string,
    options: { readonly signal?: AbortSignal } | undefined,
    work: (scope: CallScope) => Promise<T>,
  ): Promise<T> {
    using scope = new CallScope({
      what: `The answer of MongoDB at ${this.#address}`,
      limitMs: this.#limitMs,
      signals: [options?.signal, this.#closing.signal],
    });
    try {
      scope.signal.throwIfAborted();
      const result = await abortable(this.#connectAnd(work, scope), scope.signal);
      scope.complete();
      return result;
    } catch (error) {
      throw toStoreError(what, this.#address, error, scope.signal);
    }
  }

  /** Aborts running calls and refuses new ones. */
  close(): void {
    this.#closing.abort(new StoreUnavailableError("The connection to MongoDB is closed."));
  }

  async #connectAnd<T>(work: (scope: CallScope) => Promise<T>, scope: CallScope): Promise<T> {
    // The driver connects by itself only once: if its first attempt fails, it never tries again. On an open
    // connection this does nothing.
    await this.#client.connect();
    scope.signal.throwIfAborted();
    return await work(scope);
  }
}
