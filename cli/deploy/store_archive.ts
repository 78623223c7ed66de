/**
 * Stores the code of a bot folder.
 *
 * @module
 */

import type { ArchiveLimits } from "../../lib/archive/archive_limits.ts";
import { archiveInMemory, inspectArchive } from "../../lib/archive/inspect_archive.ts";
import { zipFolder, type ZipFolderOptions, type ZippedFolder } from "../../lib/archive/zip_folder.ts";
import { InvalidArchiveError, InvalidBotFolderError } from "../../lib/errors.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import type { BotFolder } from "./bot_folder.ts";

/** First part of the keys of archives deployed from a folder, where an API's keys have the name of a user. */
const USER = "local";

/** Number of hash digits that distinguish archives. */
const BUILD_DIGITS = 16;

/** Where to store an archive. */
export interface ArchiveTarget extends ZipFolderOptions {
  /** The object store. */
  readonly store: ObjectStore;
  /** The bucket for code. */
  readonly bucket: string;
  /** Id of the bot. */
  readonly id: string;
  /** Limits of the service that will run the archive. */
  readonly limits: ArchiveLimits;
  /** Called when the folder is packed. */
  readonly onPacked?: (packed: ZippedFolder) => void;
}

/** Returns the common prefix of the keys of a bot's archives. @param id Id of the bot. */
export function archivePrefix(id: string): string {
  return `${USER}/${id}/`;
}

/**
 * Packs a bot folder and puts it into the object store, unless it is stored already. The key ends with a part
 * of the content's hash, so that changed code under the same version becomes another archive, and the service
 * replaces the bot.
 *
 * @param bot The folder.
 * @param target Where to store it.
 * @returns Key of the archive, for example `local/my-bot/1.0.0+3fa9c1d20b7e44ad`.
 * @throws {InvalidBotFolderError} If the folder cannot be packed, or the service would refuse the archive.
 * @throws {ObjectStoreError} If the archive cannot be stored.
 */
export async function storeArchive(bot: BotFolder, target: ArchiveTarget): Promise<string> {
  const { store, bucket, id, limits, onPacked, signal, ...packing } = target;
  const options = signal ? { signal } : {};
  const packed = await zipFolder(bot.path, { ...packing, ...options });
  const { archive, contentHash } = packed;
  requireAccepted(bot, packed, limits);
  onPacked?.(packed);
  const key = `${archivePrefix(id)}${bot.version}+${contentHash.slice(0, BUILD_DIGITS)}`;
  await store.ensureBucket(bucket, options);
  if ((await store.stat(bucket, key, options))?.size !== archive.length) {
    await store.put(bucket, key, archive, { ...options, contentType: "application/zip" });
  }
  return key;
}

/** Makes the service's checks here, so that no archive is deployed that the service would refuse. */
function requireAccepted(
  { path, entrypoints }: BotFolder,
  { archive, leftOut, ignoreFile }: ZippedFolder,
  limits: ArchiveLimits,
): void {
  try {
    inspectArchive(archiveInMemory(archive), {
      limits,
      requiredFiles: Object.values(entrypoints),
    });
  } catch (error) {
    if (!(error instanceof InvalidArchiveError)) throw error;
    const isLeftOut = leftOut.some((name) => error.entry === name || error.entry?.startsWith(name));
    const hint = isLeftOut ? ` ${ignoreFile} leaves it out; what .berthignore says counts instead.` : "";
    throw new InvalidBotFolderError(`Cannot deploy '${path}': ${error.message}${hint}`, { cause: error });
  }
}
