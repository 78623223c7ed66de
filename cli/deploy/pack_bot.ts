/**
 * Packs a bot folder for the service.
 *
 * @module
 */

import { archiveInMemory, inspectArchive } from "../../lib/archive/inspect_archive.ts";
import { zipFolder, type ZipFolderOptions, type ZippedFolder } from "../../lib/archive/zip_folder.ts";
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
 * Packs a bot folder, and makes sure that the archive contains its scripts.
 *
 * @param bot The folder.
 * @param options See {@linkcode ZipFolderOptions}.
 * @returns The archive.
 * @throws {InvalidBotFolderError} If the folder cannot be packed, or an ignore file leaves a script out.
 */
export async function packBot(bot: BotFolder, options: ZipFolderOptions = {}): Promise<ZippedFolder> {
  const { bot: script } = bot.entrypoints;
  const info = await Deno.stat(`${bot.path}/${script}`).catch(() => undefined);
  if (script !== undefined && !info?.isFile) {
    throw new InvalidBotFolderError(
      `There is no script '${bot.path}/${script}', which bot-config.yaml names as the entrypoint 'bot'.`,
    );
  }
  const packed = await zipFolder(bot.path, options);
  try {
    const { bot: bot_, backtest } = bot.entrypoints;
    const requiredFiles = [bot_, backtest].filter((name) => name !== undefined);
    inspectArchive(archiveInMemory(packed.archive), { limits: NO_LIMITS, requiredFiles });
    return packed;
  } catch (error) {
    if (!(error instanceof InvalidArchiveError)) throw error;
    throw refusedArchive(bot, packed, error);
  }
}

/**
 * Explains why an archive is refused, also if an ignore file is the reason.
 *
 * @param bot The folder.
 * @param packed What an ignore file leaves out.
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
