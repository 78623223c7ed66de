/**
 * `berth enable ID...` and `berth disable ID...`.
 *
 * @module
 */

import type { BotChange } from "../../services/documents/bot_repository.ts";
import { type CliContext, EXIT } from "../context.ts";
import { enablingFields } from "../../services/documents/enabling_fields.ts";
import { openDocuments } from "../open_documents.ts";

/** Options of {@linkcode enableCommand}. */
export interface EnableOptions {
  /** Ids of the bots and schedules. */
  readonly ids: readonly string[];
  /** Whether they should run. */
  readonly enabled: boolean;
}

/**
 * Enables or disables bots and schedules, one after the other. An unknown id does not stop the rest.
 *
 * @param options The ids.
 * @param context The command's context.
 * @returns 1 if an id is unknown.
 */
export async function enableCommand({ ids, enabled }: EnableOptions, context: CliContext): Promise<number> {
  const { terminal } = context;
  await using documents = await openDocuments(context);
  let changed = 0;
  for (const id of ids) {
    const found = await documents.find(id);
    if (found.length === 0) {
      terminal.note(`berth: There is no bot or schedule '${id}'; 'berth bots' lists them.`);
      continue;
    }
    for (const { target, document } of found) {
      // An update keeps the fields it does not contain.
      const change: BotChange = {
        type: "updated",
        id,
        document: enablingFields(document, enabled),
        order: { publishedAt: Date.now() },
      };
      await target.repository.apply(change);
      await target.publish(change);
    }
    changed++;
    terminal.out(`${id} is ${enabled ? "enabled" : "disabled"}`);
  }
  if (changed > 0) terminal.note(await documents.describePickup());
  return changed === ids.length ? EXIT.ok : EXIT.failed;
}
