/**
 * Where the logs of a bot are: `logs/{id}/{YYYYMMDD}.log`.
 *
 * @module
 */

const KEY = /^logs\/[^/]+\/(\d{8})\.log$/;

/** What the keys of all logs begin with. */
export const LOGS_PREFIX = "logs/";

/** What the keys of a bot's logs begin with. @param id Id of the bot. */
export function logPrefix(id: string): string {
  return `${LOGS_PREFIX}${id}/`;
}

/**
 * Key of a bot's log of one day.
 *
 * @param id Id of the bot.
 * @param day The UTC day, for example `20260131`.
 */
export function logKey(id: string, day: string): string {
  return `${logPrefix(id)}${day}.log`;
}

/**
 * The day of a log.
 *
 * @param key Its key.
 * @returns For example `20260131`; `undefined` for an object that is no log.
 */
export function dayOfLogKey(key: string): string | undefined {
  return KEY.exec(key)?.[1];
}
