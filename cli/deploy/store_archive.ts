/**
 * Stores the code of a bot folder for a run on this machine.
 *
 * @module
 */

import type { ArchiveLimits } from "../../lib/archive/archive_limits.ts";
import { archiveInMemory, inspectArchive } from "../../lib/archive/inspect_archive.ts";
import { InvalidArchiveError } from "../../lib/errors.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import { zipFolder } from "../../lib/archive/zip_folder.ts";
import { archiveKey, buildOf } from "../../services/documents/archive_key.ts";
import type { BotFolder } from "./bot_folder.ts";
import { refusedArchive } from "./pack_bot.ts";

/** Where to store an archive. */
export interface ArchiveTarget {
  /** The object store. */
  readonly store: ObjectStore;
  /** The bucket for code. */
  readonly bucket: string;
  /** Limits of an archive. */
  readonly limits: ArchiveLimits;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/**
 * Packs a bot folder and puts it into an object store. The archive is not compressed: it is extracted on the same machine.
 *
 * @param bot The folder.
 * @param target Where to store it.
 * @returns Key of the archive, for example `local/my-bot/1.0.0+3fa9c1d20b7e44ad`.
 * @throws {InvalidBotFolderError} If the folder cannot be packed, or a start would refuse the archive.
 * @throws {ObjectStoreError} If the archive cannot be stored.
 */
export async function storeArchive(bot: BotFolder, target: ArchiveTarget): Promise<string> {
  const { store, bucket, limits, signal } = target;
  const options = signal ? { signal } : {};
  const packed = await zipFolder(bot.path, { compress: false, ...options });
  try {
    const requiredFiles = Object.values(bot.entrypoints);
    inspectArchive(archiveInMemory(packed.archive), { limits, requiredFiles });
  } catch (error) {
    if (!(error instanceof InvalidArchiveError)) throw error;
    throw refusedArchive(bot, packed, error);
  }
  const key = archiveKey(bot.name, { version: bot.version, build: buildOf(packed.contentHash) });
  await store.ensureBucket(bucket, options);
  await store.put(bucket, key, packed.archive, { ...options, contentType: "application/zip" });
  return key;
}
