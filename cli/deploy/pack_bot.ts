/**
 * Packs a bot folder for the service.
 *
 * @module
 */

import { archiveInMemory, inspectArchive } from "../../lib/archive/inspect_archive.ts";
import { FolderPack } from "../../lib/archive/folder_pack.ts";
import type { PackCache } from "../../lib/archive/pack_cache.ts";
import type { ZipFolderOptions, ZippedFolder } from "../../lib/archive/zip_folder.ts";
import { InvalidArchiveError, InvalidBotFolderError } from "../../lib/errors.ts";
import type { BotFolder } from "./bot_folder.ts";

/** The service knows its limits, and checks them. */
const NO_LIMITS = {
  maxEntries: Infinity,
  maxTotalBytes: Infinity,
  maxFileBytes: Infinity,
  maxRatio: Infinity,
};

/**
 * Lists what of a bot folder goes into its archive.
 *
 * @param bot The folder.
 * @param signal Cancels the call.
 * @param cache Keeps what is packed. @default {nothing is kept}
 * @throws {InvalidBotFolderError} If the folder cannot be packed, or its script is missing.
 */
export async function listBot(bot: BotFolder, signal?: AbortSignal, cache?: PackCache): Promise<FolderPack> {
  const { bot: script } = bot.entrypoints;
  const info = await Deno.stat(`${bot.path}/${script}`).catch(() => undefined);
  if (script !== undefined && !info?.isFile) {
    throw new InvalidBotFolderError(
      `There is no script '${bot.path}/${script}', which bot-config.yaml names as the entrypoint 'bot'.`,
    );
  }
  return await FolderPack.open(bot.path, signal, cache);
}

/**
 * Hashes a bot folder, so that what the service has already is neither packed nor sent.
 *
 * @param bot The folder.
 * @param pack Its list.
 * @param signal Cancels the call.
 * @returns The hash of its content; `undefined` if a script is missing, which {@linkcode packBot} explains.
 */
export async function hashBot(
  bot: BotFolder,
  pack: FolderPack,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const names = new Set(pack.listing.items.map(({ name }) => name));
  return scriptsOf(bot).every((script) => names.has(script)) ? await pack.contentHash(signal) : undefined;
}

/**
 * Packs a bot folder, and makes sure that the archive contains its scripts.
 *
 * @param bot The folder.
 * @param pack Its list.
 * @param options See {@linkcode ZipFolderOptions}.
 * @returns The archive.
 * @throws {InvalidBotFolderError} If the folder cannot be packed, or an ignore file leaves a script out.
 */
export async function packBot(
  bot: BotFolder,
  pack: FolderPack,
  options: ZipFolderOptions = {},
): Promise<ZippedFolder> {
  const packed = await pack.zip(options);
  try {
    inspectArchive(archiveInMemory(packed.archive), { limits: NO_LIMITS, requiredFiles: scriptsOf(bot) });
    return packed;
  } catch (error) {
    if (!(error instanceof InvalidArchiveError)) throw error;
    throw refusedArchive(bot, packed, error);
  }
}

function scriptsOf({ entrypoints: { bot, backtest } }: BotFolder): string[] {
  return [bot, backtest].filter((name) => name !== undefined);
}

/**
 * Explains why an archive is refused, also if an ignore file is the reason.
 *
 * @param bot The folder.
 * @param packed The files that an ignore file leaves out.
 * @param error Why it is refused.
 */
export function refusedArchive(
  { path }: Pick<BotFolder, "path">,
  { leftOut, ignoreFile }: Pick<ZippedFolder, "leftOut" | "ignoreFile">,
  error: InvalidArchiveError,
): InvalidBotFolderError {
  const isLeftOut = leftOut.some((name) => error.entry === name || error.entry?.startsWith(name));
  const hint = isLeftOut ? ` ${ignoreFile} leaves it out; what .berthignore says counts instead.` : "";
  return new InvalidBotFolderError(`Cannot deploy '${path}': ${error.message}${hint}`, { cause: error });
}
