/**
 * The settings that a bot folder has in effect.
 *
 * @module
 */

import { InvalidBotFolderError } from "../../lib/errors.ts";
import { parseExactJson } from "../../lib/util/exact_json.ts";
import { BERTH_KEY } from "../../services/documents/berth_settings.ts";
import { type ReadBotSettings, readBotSettings } from "../../services/documents/bot_settings.ts";
import { field, isObject } from "../../services/documents/document_fields.ts";
import type { BotFolder } from "./bot_folder.ts";

/**
 * Reads the settings of a folder as a service reads those of the document that a deployment of it writes: those in
 * `config.json`, under `berth`, come before those in `bot-config.yaml`.
 *
 * @param bot The folder.
 * @throws {InvalidBotFolderError} If one of them is invalid.
 */
export function effectiveSettings({ path, settings, config }: BotFolder): ReadBotSettings {
  const value = parseExactJson(config);
  const own = isObject(value) ? field(value, BERTH_KEY) : undefined;
  const problems: string[] = [];
  const read = readBotSettings({ ...settings, ...(isObject(own) && own) }, problems);
  if (problems.length === 0) return read;
  const lines = problems.map((problem) => `  - ${problem.replace(`config.${BERTH_KEY}.`, "")}`);
  throw new InvalidBotFolderError(`Cannot use the settings of '${path}':\n${lines.join("\n")}`);
}
