/**
 * Calls to an embedded database.
 *
 * @module
 */

import { BerthError, messageOf } from "../../lib/errors.ts";
import { type RepositoryCallOptions, StoreUnavailableError } from "../documents/bot_repository.ts";

/** Makes calls until it is closed. They block the process while they last, so each is short. */
export class SqliteCalls {
  #isClosed = false;

  /**
   * Makes a call.
   *
   * @param what What it is for, as in "Cannot …".
   * @param options The signal; what has begun is not given up.
   * @param work The call.
   * @returns What it returns.
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

  /** Refuses further calls. */
  close(): void {
    this.#isClosed = true;
  }
}
