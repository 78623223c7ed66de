/**
 * The port to what other processes have written to the documents, where no bus tells of it.
 *
 * @module
 */

import type { BotChange } from "../documents/bot_repository.ts";

/** Looks for what other processes have written. A look costs next to nothing. */
export interface ChangeSource {
  /**
   * Looks.
   *
   * @returns `undefined` when nothing was written since the last look; else the deletions since then, and it may be
   * a few from before: what is gone from the documents does not show whether that was meant. The first look gives all
   * that are remembered.
   * @throws when there is no answer; the next look makes up for it.
   */
  poll(): readonly (BotChange & { readonly type: "deleted" })[] | undefined;
}
