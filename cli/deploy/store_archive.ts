/**
 * A bot folder's code, on its way to the object store.
 *
 * @module
 */

import type { ArchiveLimits } from "../../lib/archive/archive_limits.ts";
import { archiveInMemory, inspectArchive } from "../../lib/archive/inspect_archive.ts";
import { zipFolder, type ZipFolderOptions, type ZippedFolder } from "../../lib/archive/zip_folder.ts";
import { InvalidArchiveError, InvalidBotFolderError } from "../../lib/errors.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import type { BotFolder } from "./bot_folder.ts";

/** Archives that were put there from a folder are below it, where those of an API have the name of a user. */
const USER = "local";

/** So many digits of the hash of its content tell one archive from another. */
const BUILD_DIGITS = 16;

/** Where an archive goes. */
export interface ArchiveTarget extends ZipFolderOptions {
  /** The object store. */
  readonly store: ObjectStore;
  /** The bucket for code. */
  readonly bucket: string;
  /** Id of the bot that it is for. */
  readonly id: string;
  /** What an archive may hold where it is going to run. */
  readonly limits: ArchiveLimits;
  /** Called when the folder is packed. */
  readonly onPacked?: (packed: ZippedFolder) => void;
}

/**
 * The part that the keys of all archives of a bot begin with.
 *
 * @param id Id of the bot.
 */
export function archivePrefix(id: string): string {
  return `${USER}/${id}/`;
}

/**
 * Packs a bot folder and puts it into the object store, unless that has it. The key ends in a part of the content's
 * hash, as a version's build does: other code under the same version is another archive, and its bot is replaced.
 *
 * @param bot The folder.
 * @returns The archive's key, for example `local/my-bot/1.0.0+3fa9c1d20b7e44ad`.
 * @throws {InvalidBotFolderError} If the folder cannot be packed, or the service would refuse the archive.
 * @throws {ObjectStoreError} If the store does not take it.
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

/** The service makes the same checks of the archive: what it would refuse is not deployed. */
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
