/**
 * `berth remove ID...`: takes bots away from the service.
 *
 * @module
 */

import { type CliContext, EXIT } from "./context.ts";
import { openDocuments } from "./open_documents.ts";
import { removeBot } from "./remove_bot.ts";

/**
 * Removes bots, one after the other; one that is not there keeps none of the others.
 *
 * @param ids Ids of the bots.
 * @param context See {@linkcode CliContext}.
 * @returns 1 when there was no such bot.
 */
export async function removeCommand(ids: readonly string[], context: CliContext): Promise<number> {
  const { terminal } = context;
  await using documents = await openDocuments(context);
  let removed = 0;
  for (const id of ids) {
    if (await removeBot(id, documents)) {
      removed++;
      terminal.out(`${id} is removed`);
    } else terminal.note(`berth: There is no bot '${id}'; 'berth bots' lists them.`);
  }
  if (removed > 0) terminal.note(await documents.whenHeard());
  return removed === ids.length ? EXIT.ok : EXIT.failed;
}
