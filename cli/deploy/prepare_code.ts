/**
 * Packs a bot folder for its deployment, unless the service has its content.
 *
 * @module
 */

import type { FolderPack } from "../../lib/archive/folder_pack.ts";
import type { PackCache } from "../../lib/archive/pack_cache.ts";
import type { ZippedFolder, ZipProgress } from "../../lib/archive/zip_folder.ts";
import { buildOf } from "../../services/documents/archive_key.ts";
import type { ApiClient } from "../client/api_client.ts";
import type { BotFolder } from "./bot_folder.ts";
import { hashBot, listBot, packBot } from "./pack_bot.ts";
import { findCode } from "./upload_code.ts";

/** The cache, the progress display and the cancellation of the packing. */
export interface PackingHooks {
  /** Keeps what is packed, so that only changed files are packed the next time. @default {nothing is kept} */
  readonly packs?: PackCache;
  /** Called while the folder is packed. */
  readonly onPacking?: (progress: ZipProgress) => void;
  /** Called when the folder is packed, or need not be. */
  readonly onPacked?: (packed: Pick<ZippedFolder, "leftOut" | "ignoreFile">) => void;
  /** Aborts the deployment. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode prepareCode}. */
export interface PrepareCodeOptions extends PackingHooks {
  /** Id of the bot or the schedule. */
  readonly id: string;
  /** Whether nothing is deployed under the id, so that the service has no code of it. */
  readonly isNew: boolean;
}

/** The code of a folder. */
export interface PreparedCode {
  /** First digits of the hash of its content. */
  readonly build: string;
  /** Size of the archive, in bytes. */
  readonly size: number;
  /** The archive; absent if the service has it. */
  readonly archive?: Uint8Array<ArrayBuffer>;
  /** Keeps what was packed, once: best done while the service is at work. */
  keep(): Promise<void>;
}

/**
 * Prepares the code of a folder: asks by its hash whether the service has it, and packs it otherwise.
 *
 * @param client The client of the service.
 * @param bot The folder.
 * @param options See {@linkcode PrepareCodeOptions}.
 * @throws {InvalidBotFolderError} If the folder cannot be packed.
 */
export async function prepareCode(
  client: ApiClient,
  bot: BotFolder,
  options: PrepareCodeOptions,
): Promise<PreparedCode> {
  using pack = await listBot(bot, options.signal, options.packs);
  const stored = options.isNew ? undefined : await findStored(client, bot, pack, options);
  const code = stored ?? await packCode(bot, pack, options);
  options.onPacked?.(pack.listing);
  return code;
}

async function findStored(
  client: ApiClient,
  bot: BotFolder,
  pack: FolderPack,
  { id, signal }: PrepareCodeOptions,
): Promise<PreparedCode | undefined> {
  const contentHash = await hashBot(bot, pack, signal);
  if (contentHash === undefined) return undefined;
  const build = buildOf(contentHash);
  const stored = await findCode(client, { id, version: bot.version, build }, signal);
  return stored && { build, size: stored.size, keep: () => Promise.resolve() };
}

async function packCode(
  bot: BotFolder,
  pack: FolderPack,
  { onPacking, signal }: PackingHooks,
): Promise<PreparedCode> {
  const { archive, contentHash } = await packBot(bot, pack, {
    ...(onPacking && { onProgress: onPacking }),
    ...(signal && { signal }),
  });
  return { build: buildOf(contentHash), size: archive.length, archive, keep: () => pack.keep() };
}
