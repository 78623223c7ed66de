/**
 * `berth remove ID...`: removes bots and schedules.
 *
 * @module
 */

import { type CliContext, EXIT } from "../context.ts";
import { openDocuments } from "../open_documents.ts";
import { removeBot } from "../deploy/remove_bot.ts";

/**
 * Removes bots and schedules, one after the other. An unknown id does not stop the rest.
 *
 * @param ids Ids of the bots and schedules.
 * @param context The command's context.
 * @returns 1 if an id is unknown.
 */
export async function removeCommand(ids: readonly string[], context: CliContext): Promise<number> {
  const { terminal } = context;
  await using documents = await openDocuments(context);
  let removed = 0;
  for (const id of ids) {
    const found = await documents.find(id);
    for (const { target } of found) await removeBot(id, target);
    if (found.length > 0) {
      removed++;
      terminal.out(`${id} is removed`);
      continue;
    }
    // An interrupted removal may have left archives.
    await removeBot(id, documents.bots);
    terminal.note(`berth: There is no bot or schedule '${id}'; 'berth bots' lists them.`);
  }
  if (removed > 0) terminal.note(await documents.describePickup());
  return removed === ids.length ? EXIT.ok : EXIT.failed;
}
