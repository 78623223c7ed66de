/**
 * Runs calls to the embedded database.
 *
 * @module
 */

import { BerthError, messageOf } from "../../lib/errors.ts";
import { type RepositoryCallOptions, StoreUnavailableError } from "../documents/bot_repository.ts";

/** Runs calls until it is closed. A call blocks the process, so each is short. */
export class SqliteCalls {
  #isClosed = false;

  /**
   * Runs a call.
   *
   * @param what The purpose, as in "Cannot …".
   * @param options The signal; aborts only a call that has not begun.
   * @param work The call.
   * @returns The result of the call.
   * @throws {StoreUnavailableError} If the database fails, or another process holds it for too long.
   */
  // deno-lint-ignore require-await -- what is thrown is to reject
  async run<T>(what: string, options: RepositoryCallOptions | undefined, work: () => T): Promise<T> {
    options?.signal?.throwIfAborted();
    try {
      if (this.#isClosed) throw new Error("the repository is closed");
      return work();
    } catch (error) {
      if (error instanceof BerthError) throw error;
      const why = messageOf(error);
      throw new StoreUnavailableError(`Cannot ${what} in the embedded database: ${why}.`, { cause: error });
    }
  }

  /** Refuses new calls. */
  close(): void {
    this.#isClosed = true;
  }
}
