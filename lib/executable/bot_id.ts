/**
 * Checks ids of bots and schedules. An id becomes part of container names, object keys and folders, so it is checked
 * wherever it enters: in events, in documents and on the command line.
 *
 * @module
 */

import { InvalidBotIdError } from "../errors.ts";

/** The rule, as a clause that follows "must". */
export const BOT_ID_RULE =
  "begin with a letter or digit and have at most 128 letters, digits, '_', '.' or '-'";

const ID = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;
const MAX_SHOWN = 80;

/**
 * Whether a string can be the id of a bot or a schedule.
 *
 * @param id The string.
 * @returns False if no container name can contain it.
 */
export function isBotId(id: string): boolean {
  return ID.test(id);
}

/**
 * Checks the id of a bot or a schedule.
 *
 * @param id The id.
 * @returns The same id.
 * @throws {InvalidBotIdError} If it breaks the rule. The message shows at most its first 80 characters, escaped.
 */
export function parseBotId(id: string): string {
  if (isBotId(id)) return id;
  const shown = JSON.stringify(id.length > MAX_SHOWN ? `${id.slice(0, MAX_SHOWN)}…` : id);
  throw new InvalidBotIdError(`${shown} is not the id of a bot or a schedule: an id must ${BOT_ID_RULE}.`);
}
