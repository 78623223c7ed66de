/**
 * Finds bots that were deployed from one folder under several names: after a folder or its bot is renamed,
 * the bot of the old name keeps running.
 *
 * @module
 */

import { realpath } from "node:fs/promises";
import { hostname } from "node:os";
import type { BotDocument, BotRepository } from "../../services/documents/bot_repository.ts";
import { field, isObject } from "../../services/documents/document_fields.ts";

/**
 * Identifies a folder by its machine, path and inode. A renamed folder keeps its inode.
 *
 * @param folder Absolute path of the folder.
 * @returns For example `host:/home/me/my-bot#2049-131`.
 */
export async function originOf(folder: string): Promise<string> {
  const path = await realpath(folder);
  const { dev, ino } = await Deno.stat(path);
  return `${hostname()}:${path}#${dev}-${ino ?? 0}`;
}

/**
 * Finds other enabled bots of the same origin.
 *
 * @param repositories The documents.
 * @param id The bot to leave out.
 * @param origin Origin of the bot's folder, from {@linkcode originOf}.
 * @returns Their ids.
 */
export async function idsOfOrigin(
  repositories: readonly Pick<BotRepository, "list">[],
  id: string,
  origin: string,
): Promise<string[]> {
  const documents = (await Promise.all(repositories.map((repository) => repository.list()))).flat();
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
  return host === otherHost && (path === otherPath || inode === otherInode);
}
