/**
 * A bot folder's code, on its way to the object store.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { ArchiveLimits } from "../lib/archive/archive_limits.ts";
import { archiveInMemory, inspectArchive } from "../lib/archive/inspect_archive.ts";
import { zipFolder } from "../lib/archive/zip_folder.ts";
import { InvalidArchiveError, InvalidBotFolderError } from "../lib/errors.ts";
import type { ObjectStore } from "../lib/object_store.ts";
import type { BotFolder } from "./bot_folder.ts";

/** Archives that were put there from a folder are below it, where those of an API have the name of a user. */
const USER = "local";

/** Where an archive goes. */
export interface ArchiveTarget {
  /** The object store. */
  readonly store: ObjectStore;
  /** The bucket for code. */
  readonly bucket: string;
  /** Id of the bot that it is for. */
  readonly id: string;
  /** What an archive may hold where it is going to run. */
  readonly limits: ArchiveLimits;
  /** Gives up. */
  readonly signal?: AbortSignal;
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
 * Packs a bot folder and puts it into the object store. The key ends in a part of the content's hash, as a
 * version's build does: other code under the same version is another archive, and its bot is replaced.
 *
 * @param bot The folder.
 * @param target See {@linkcode ArchiveTarget}.
 * @returns The archive's key, for example `local/my-bot/1.0.0+3fa9c1d2`.
 * @throws {InvalidBotFolderError} when the folder cannot be packed, or the service would refuse the archive.
 * @throws {ObjectStoreError} when the store does not take it.
 */
export async function storeArchive(bot: BotFolder, target: ArchiveTarget): Promise<string> {
  const { store, bucket, id, limits } = target;
  const options = target.signal ? { signal: target.signal } : {};
  const archive = await zipFolder(bot.path, options);
  requireAccepted(bot, archive, limits);
  const build = createHash("sha256").update(archive).digest("hex").slice(0, 8);
  const key = `${archivePrefix(id)}${bot.version}+${build}`;
  await store.ensureBucket(bucket, options);
  await store.put(bucket, key, archive, { ...options, contentType: "application/zip" });
  return key;
}

/** The service makes the same checks of the archive: what it would refuse is not deployed. */
function requireAccepted({ path, entrypoints }: BotFolder, archive: Uint8Array, limits: ArchiveLimits): void {
  try {
    inspectArchive(archiveInMemory(archive), {
      limits,
      requiredFiles: Object.values(entrypoints),
    });
  } catch (error) {
    if (!(error instanceof InvalidArchiveError)) throw error;
    throw new InvalidBotFolderError(`Cannot deploy '${path}': ${error.message}`, { cause: error });
  }
}
