/**
 * The port for polling document changes that other processes make, for databases without an event bus.
 *
 * @module
 */

import type { BotChange } from "../documents/bot_repository.ts";

/** Deletions that a poll has found; `undefined` if nothing was written. */
export type FoundDeletions = readonly (BotChange & { readonly type: "deleted" })[] | undefined;

/** Finds changes that other processes made. A poll costs next to nothing. */
export interface ChangeSource {
  /**
   * Polls for changes. Deletions are listed, because a missing document does not show whether it was deleted on purpose.
   *
   * @returns `undefined` if nothing was written since the last poll; otherwise the deletions since then, possibly with a
   * few earlier ones. The first poll gives all deletions that the database remembers.
   * @throws if the database does not answer; the next poll makes up for it.
   */
  poll(): FoundDeletions | Promise<FoundDeletions>;
}
