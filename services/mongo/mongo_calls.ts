/**
 * Calls to a MongoDB server: each has a time limit and can be given up.
 *
 * @module
 */

import type { MongoClient } from "mongodb";
import { CallScope } from "../../lib/util/call_scope.ts";
import { abortable } from "../../lib/util/promises.ts";
import { StoreUnavailableError } from "../documents/bot_repository.ts";
import { mongoAddress } from "./connect_mongo.ts";
import { toStoreError } from "./mongo_errors.ts";

/** Makes calls until it is closed. */
export class MongoCalls {
  readonly #client: MongoClient;
  readonly #limitMs: number;
  readonly #address: string;
  readonly #closing = new AbortController();

  /**
   * Makes one; nothing is sent yet.
   *
   * @param client The connection.
   * @param limitMs How long the server may be silent, in ms.
   */
  constructor(client: MongoClient, limitMs: number) {
    this.#client = client;
    this.#limitMs = limitMs;
    this.#address = mongoAddress(client);
  }

  /**
   * Makes a call.
   *
   * @param what What it is for, as in "Cannot …".
   * @param options The signal that gives it up.
   * @param work The call. It is not waited for when it is given up; a write may yet be done then.
   * @returns What it returns.
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

  /** Gives up the calls that are under way and refuses others. */
  close(): void {
    this.#closing.abort(new StoreUnavailableError("The connection to MongoDB is closed."));
  }

  async #connectAnd<T>(work: (scope: CallScope) => Promise<T>, scope: CallScope): Promise<T> {
    // The driver connects by itself, but only once: after a first try that failed it never would again. This does
    // nothing while there is a connection.
    await this.#client.connect();
    scope.signal.throwIfAborted();
    return await work(scope);
  }
}
