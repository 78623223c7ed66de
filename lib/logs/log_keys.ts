/**
 * The keys of stored logs: `logs/{id}/{YYYYMMDD}.log`.
 *
 * @module
 */

import { ObjectNotFoundError } from "../errors.ts";
import type {
  GetObjectOptions,
  ObjectCallOptions,
  ObjectContent,
  ObjectStore,
} from "../objects/object_store.ts";

const DAY_MS = 24 * 60 * 60_000;
const KEY = /^logs\/[^/]+\/(\d{8})\.log$/;

/** Prefix of the keys of all logs. */
export const LOGS_PREFIX = "logs/";

/** Prefix of the keys of a bot's logs. */
export function logPrefix(id: string): string {
  return `${LOGS_PREFIX}${id}/`;
}

/** Key of a bot's log of one day. @param day The UTC day, for example `20260131`. */
export function logKey(id: string, day: string): string {
  return `${logPrefix(id)}${day}.log`;
}

/** Returns the UTC day of a log. @returns For example `20260131`; `undefined` if the object is not a log. */
export function dayOfLogKey(key: string): string | undefined {
  return KEY.exec(key)?.[1];
}

/** Returns the id of the bot whose log has a key. */
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

/** Lists the days for which a bot has a log. @returns UTC days, for example `20260131`, the oldest first. */
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

/**
 * Selects the days whose logs may hold lines of a range. A log may hold a few lines of the day before or after its own.
 *
 * @param range Its ends; without one, it has none on that side.
 */
export function daysWithin(
  { since, until }: { readonly since?: Date | undefined; readonly until?: Date | undefined },
): (day: string) => boolean {
  const first = since && dayOfDate(since.getTime() - DAY_MS);
  const last = until && dayOfDate(until.getTime() + DAY_MS);
  return (day) => (first === undefined || day >= first) && (last === undefined || day <= last);
}

/**
 * Reads a log.
 *
 * @param options From which byte on; a signal.
 * @returns `undefined` if there is none, for example because it was deleted since it was listed.
 */
export async function getLog(
  store: ObjectStore,
  bucket: string,
  key: string,
  options: GetObjectOptions,
): Promise<ObjectContent | undefined> {
  try {
    return await store.get(bucket, key, options);
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
}
