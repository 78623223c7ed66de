/**
 * Calls of a MinIO client, each with a time limit, and with errors that say what was tried and where.
 *
 * @module
 */

import type { Client } from "minio";
import { CallScope } from "../../util/call_scope.ts";
import type { ObjectCallOptions } from "../object_store.ts";
import { toObjectStoreError } from "./minio_errors.ts";
import { withRequestSignal } from "./minio_transport.ts";

/** Makes calls. */
export class MinioCalls {
  readonly #endpoint: string;
  readonly #limitMs: number;

  /** @param client Names the server. @param limitMs Time limit of a call, in ms. */
  constructor(client: Client, limitMs: number) {
    const { protocol, host, port } = client as unknown as Record<string, unknown>;
    this.#endpoint = `${protocol}//${host}:${port}`;
    this.#limitMs = limitMs;
  }

  /** Opens the scope of a call. @param what Its purpose. @param options A signal. @param limitMs Time limit, in ms. */
  scope(what: string, { signal }: ObjectCallOptions, limitMs: number = this.#limitMs): CallScope {
    return new CallScope({ what, limitMs, signals: [signal] });
  }

  /**
   * Makes a call.
   *
   * @param what Its purpose, for messages.
   * @param options A signal that aborts it.
   * @param action Calls the client.
   * @param limitMs Time limit. @default {that of all calls}
   * @throws {ObjectStoreError} If it fails or exceeds its time limit.
   */
  async call<T>(
    what: string,
    options: ObjectCallOptions,
    action: () => Promise<T>,
    limitMs: number = this.#limitMs,
  ): Promise<T> {
    using scope = this.scope(what, options, limitMs);
    try {
      const result = await this.send(scope, action);
      scope.complete();
      return result;
    } catch (error) {
      throw this.toError(what, scope, error);
    }
  }

  /** Calls the client. Settles when the signal aborts, whatever the client does about the cancelled request. */
  async send<T>({ signal }: CallScope, action: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await Promise.race([withRequestSignal(signal, action), aborted.promise]);
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }

  /**
   * Turns a failure into the error to throw. @param what The attempt. @param scope The call. @param error The failure.
   */
  toError(what: string, scope: CallScope, error: unknown): unknown {
    return toObjectStoreError(what, this.#endpoint, scope.reasonFor(error), scope.signal);
  }
}
