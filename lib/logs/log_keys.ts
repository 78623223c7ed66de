/**
 * The keys of stored logs: `logs/{id}/{YYYYMMDD}.log`.
 *
 * @module
 */

import type { ObjectCallOptions, ObjectStore } from "../objects/object_store.ts";

const KEY = /^logs\/[^/]+\/(\d{8})\.log$/;

/** Prefix of the keys of all logs. */
export const LOGS_PREFIX = "logs/";

/** Prefix of the keys of a bot's logs. @param id Id of the bot. */
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
 * Returns the UTC day of a log.
 *
 * @param key Its key.
 * @returns For example `20260131`; `undefined` if the object is not a log.
 */
export function dayOfLogKey(key: string): string | undefined {
  return KEY.exec(key)?.[1];
}

/** Returns the id of the bot whose log has a key. @param key The key of a log. */
export function idOfLogKey(key: string): string {
  return key.slice(LOGS_PREFIX.length, key.indexOf("/", LOGS_PREFIX.length));
}

/**
 * The UTC day of a time.
 *
 * @param ms The time, in ms since 1970.
 * @returns For example `20260131`.
 */
export function dayOfDate(ms: number): string {
  return new Date(Math.max(0, ms)).toISOString().slice(0, 10).replaceAll("-", "");
}

/**
 * Lists the days of which a bot has a log.
 *
 * @param store Where the logs are.
 * @param bucket Their bucket.
 * @param id Id of the bot.
 * @param options The signal gives up.
 * @returns UTC days, for example `20260131`, the oldest first.
 */
export async function listLogDays(
  store: ObjectStore,
  bucket: string,
  id: string,
  options: ObjectCallOptions = {},
): Promise<string[]> {
  const days: string[] = [];
  for await (const key of store.listKeys(bucket, logPrefix(id), options)) {
    const day = dayOfLogKey(key);
    if (day !== undefined) days.push(day);
  }
  return days.sort();
}
