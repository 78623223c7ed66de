/**
 * Lists the documents of all bots for callers that ask often, such as a dashboard.
 *
 * @module
 */

import { parseBotDocument, type ParsedBotDocument } from "../documents/bot_document.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import type { ApiParts } from "./api_parts.ts";

/**
 * Lists the parsed documents of all bots, by their keys.
 *
 * @param signal Ends the wait.
 * @param isPassedOn Whether another Berth asks, which may have written one of them a moment ago.
 */
export type ListDocuments = (
  signal: AbortSignal,
  isPassedOn?: boolean,
) => Promise<ReadonlyMap<string, ParsedBotDocument>>;

/**
 * Makes a list that answers from memory while this process looks after the bots: it reads all documents at each resync
 * then, and every change as it comes. Documents that other programs write without an event are listed from the next
 * resync on, which is also when they take effect.
 *
 * @param parts The dependencies of the API.
 */
export function listDocuments(
  { bots, botService, settings }: Pick<ApiParts, "bots" | "botService" | "settings">,
): ListDocuments {
  const parsed = new WeakMap<BotDocument, ParsedBotDocument>();
  const parse = (key: string, document: BotDocument) => {
    const known = parsed.get(document) ?? parseBotDocument(document, { key });
    parsed.set(document, known);
    return known;
  };
  return async (signal, isPassedOn = false) => {
    const isServing = botService !== undefined && botService.trouble === undefined;
    const maxAgeMs = isServing && !isPassedOn ? settings.listMaxAgeMs : 0;
    const stored = await bots.known({ maxAgeMs, signal });
    return new Map(stored.map(({ key, document }) => [key, parse(key, document)]));
  };
}
