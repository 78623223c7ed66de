/**
 * Finds bots that were deployed from one folder under several names: after a folder or its bot is renamed, the bot of the
 * old name keeps running.
 *
 * @module
 */

import type { BotDocument, BotRepository } from "../documents/bot_repository.ts";
import { field, isObject } from "../documents/document_fields.ts";

/**
 * Finds other enabled bots of the same origin.
 *
 * @param repositories The documents.
 * @param id The bot to leave out.
 * @param origin Origin of the bot's folder, such as `host:/home/me/my-bot#2049-131`: machine, path and inode.
 * @param signal Cancels the call.
 * @returns Their ids.
 */
export async function idsOfOrigin(
  repositories: readonly Pick<BotRepository, "list">[],
  id: string,
  origin: string,
  signal: AbortSignal,
): Promise<string[]> {
  const documents = (await Promise.all(repositories.map((repository) => repository.list({ signal })))).flat();
  return documents
    .filter(({ key, document }) =>
      key !== id && document.enabled !== false && isSame(recordedOrigin(document), origin)
    )
    .map(({ key }) => key);
}

function recordedOrigin(document: BotDocument): unknown {
  let value: unknown = document;
  for (const name of ["custom", "config", "metadata", "origin"]) {
    value = isObject(value) ? field(value, name) : undefined;
  }
  return value;
}

/** Whether two origins are the same folder, or two folders at the same path, such as a new checkout. */
function isSame(recorded: unknown, origin: string): boolean {
  if (typeof recorded !== "string") return false;
  const parts = (text: string) => /^([^:]*):(.*)#(.*)$/s.exec(text)?.slice(1) ?? [];
  const [host, path, inode] = parts(origin);
  const [otherHost, otherPath, otherInode] = parts(recorded);
  return host !== undefined && host === otherHost && (path === otherPath || inode === otherInode);
}
