/**
 * Converts a bot folder to a document.
 *
 * @module
 */

import { InvalidBotFolderError } from "../../lib/errors.ts";
import { withoutMember } from "../../lib/util/json_member.ts";
import { jsonTextProblem } from "../../lib/util/json_check.ts";
import { BERTH_KEY } from "../../services/documents/berth_settings.ts";
import { parseBotDocument } from "../../services/documents/bot_document.ts";
import type { BotDocument } from "../../services/documents/bot_repository.ts";
import { CONFIG_TEXT } from "../../services/documents/config_text.ts";
import { field, isObject } from "../../services/documents/document_fields.ts";
import { parseScheduleDocument } from "../../services/schedules/schedule_document.ts";
import type { BotFolder } from "./bot_folder.ts";

/** Options of {@linkcode botToDocument}. */
export interface BotToDocumentOptions {
  /** Id of the bot. */
  readonly id: string;
  /** Key of its archive in the code bucket. */
  readonly filePath: string;
  /** Whether the bot should run. */
  readonly enabled: boolean;
  /** Segment of a new bot. */
  readonly segment: number;
  /** Current time in ms since the epoch. */
  readonly now: number;
  /** The document to replace. */
  readonly before?: BotDocument;
  /** Origin of the folder, see `originOf()`; absent if it is not recorded. */
  readonly origin?: string;
}

/**
 * Converts a bot folder to a document: `{ id, segment_id, enabled, config, config_text, custom }`.
 *
 * @param bot The folder.
 * @param options Fields that the folder does not have.
 * @returns The document.
 * @throws {InvalidBotFolderError} If the service could not run it; names every problem.
 */
export function botToDocument(bot: BotFolder, options: BotToDocumentOptions): BotDocument {
  const { id, filePath, enabled, segment, now, before, origin } = options;
  const updatedAt = new Date(now).toISOString();
  const custom = before && field(before, "custom");
  const createdAt = isObject(custom) ? field(custom, "createdAt") : undefined;
  const { name, description, version, runtime, author, type, schedule, entrypoints } = bot;
  const document = {
    id,
    segment_id: before?.segment_id ?? segment,
    enabled,
    config: configOf(bot),
    [CONFIG_TEXT]: withoutMember(bot.config, BERTH_KEY),
    custom: {
      version,
      filePath,
      createdAt: createdAt ?? updatedAt,
      updatedAt,
      config: {
        name,
        ...(description !== undefined && { description }),
        runtime,
        version,
        ...(author !== undefined && { author }),
        ...(type !== undefined && { type }),
        entrypoints,
        ...(origin !== undefined && { metadata: { origin } }),
      },
    },
  };
  const parsed = schedule === undefined ? parseBotDocument(document) : parseScheduleDocument(document);
  if (parsed.status === "valid") return document;
  throw new InvalidBotFolderError(`Cannot deploy '${bot.path}' as '${id}': ${parsed.reason}.`);
}

/** The configuration overrides the folder's description, because it is the file that people change. */
function configOf(bot: BotFolder): Record<string, unknown> {
  const { schedule, settings } = bot;
  const config = parseConfig(bot);
  const own = field(config, BERTH_KEY);
  const berth = isObject(own) ? { ...settings, ...own } : own ?? settings;
  return {
    ...(schedule !== undefined && { schedule }),
    ...config,
    ...((own !== undefined || Object.keys(settings).length > 0) && { [BERTH_KEY]: berth }),
  };
}

/** A document holds values, so a number that would lose digits is refused. */
function parseConfig({ path, config }: BotFolder): Record<string, unknown> {
  const exact = (key: string, value: unknown, context?: { source?: string }) => {
    if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
    if (!/^-?\d+$/.test(context?.source ?? "") && Number.isFinite(value)) return value;
    throw new InvalidBotFolderError(
      `Cannot deploy '${path}': the number '${key}' of its configuration has more digits than a document keeps. Write it as a string.`,
    );
  };
  try {
    const value = JSON.parse(config, exact as (key: string, value: unknown) => unknown);
    if (isObject(value)) return value;
  } catch (error) {
    if (error instanceof InvalidBotFolderError) throw error;
    throw new InvalidBotFolderError(
      `Cannot deploy '${path}': its configuration is not JSON: ${
        jsonTextProblem(config) ?? "it cannot be read"
      }.`,
      { cause: error },
    );
  }
  throw new InvalidBotFolderError(`Cannot deploy '${path}': its configuration must be a JSON object.`);
}
