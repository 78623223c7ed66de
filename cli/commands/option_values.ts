/**
 * Reads the values of options.
 *
 * @module
 */

import { readInstant } from "../../services/documents/instant.ts";
import { UsageError } from "../context.ts";
import { parseDuration } from "../output/duration.ts";
import type { Values } from "./command.ts";

/**
 * Passes a string on under a name, if it is given.
 *
 * @param name Name of the property.
 * @param value The given value.
 */
export function text<K extends string>(name: K, value: Values[string]): Partial<Record<K, string>> {
  return typeof value === "string" ? { [name]: value } as Record<K, string> : {};
}

/**
 * Reads `--enable` and `--disable`.
 *
 * @param enable The value of `--enable`.
 * @param disable The value of `--disable`.
 * @throws {UsageError} If it makes no sense.
 */
export function readEnabled(enable: Values[string], disable: Values[string]): { enabled?: boolean } {
  if (enable && disable) throw new UsageError("Use either --enable or --disable, not both.");
  return enable || disable ? { enabled: enable === true } : {};
}

/**
 * Reads `--for`.
 *
 * @param text The given value.
 * @throws {UsageError} If it makes no sense.
 */
export function readFor(text: Values[string]): { forMs?: number } {
  if (text === undefined) return {};
  const forMs = parseDuration(String(text));
  if (forMs === undefined) {
    throw new UsageError(`--for takes a duration such as 20s or 5m, not '${text}'.`);
  }
  return { forMs };
}

/**
 * Reads `--timeout`.
 *
 * @param text The given value.
 * @returns Milliseconds; `undefined` if it is not given.
 * @throws {UsageError} If it makes no sense.
 */
export function readTimeout(text: Values[string]): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(String(text)) ?? 0;
  if (ms >= 1000 && ms <= 86_400_000) return ms;
  throw new UsageError(`--timeout takes a duration from 1s to 24h, such as 90s, not '${text}'.`);
}

/**
 * Reads `--watch`.
 *
 * @param text The given value.
 * @throws {UsageError} If it makes no sense.
 */
export function readWatch(text: Values[string]): { watchSeconds?: number } {
  if (text === undefined) return {};
  const ms = parseDuration(String(text)) ?? 0;
  if (ms >= 10_000 && ms <= 86_400_000) return { watchSeconds: Math.round(ms / 1000) };
  throw new UsageError(`--watch takes a duration from 10s to 24h, such as 10m, not '${text}'.`);
}

/**
 * Reads `--expires`.
 *
 * @param text The given value.
 * @throws {UsageError} If it makes no sense.
 */
export function readExpires(text: Values[string]): { expiresMs?: number } {
  if (text === undefined) return {};
  const expiresMs = parseDuration(String(text));
  if (expiresMs === undefined || expiresMs < 1000) {
    throw new UsageError(
      `--expires takes a duration of a second or more, such as 12h or 90d, not '${text}'.`,
    );
  }
  return { expiresMs };
}

/**
 * Reads the number of a revision.
 *
 * @param text The given value.
 * @throws {UsageError} If it is none.
 */
export function readRevisionNumber(text: string): number {
  if (/^[1-9]\d{0,7}$/.test(text)) return Number(text);
  throw new UsageError(`'${text}' is no number of a revision: 'berth history ID' lists them.`);
}

/** The most times that `schedule preview` shows. */
export const MAX_PREVIEW_COUNT = 1000;
/** The largest `--tail`, which the service holds at once. */
const MAX_TAIL = 100_000;

/**
 * Reads `--tail`.
 *
 * @param text The given value.
 * @throws {UsageError} If it makes no sense.
 */
export function readTail(text: Values[string]): { tail?: number } {
  if (text === undefined) return {};
  if (!/^\d{1,9}$/.test(String(text))) {
    throw new UsageError(`--tail takes a whole number of lines, not '${text}'.`);
  }
  if (Number(text) > MAX_TAIL) {
    throw new UsageError(`--tail takes up to ${MAX_TAIL} lines; use --since for more.`);
  }
  return { tail: Number(text) };
}

/**
 * Reads a whole number above 0.
 *
 * @param name Name of the option.
 * @param text The given value.
 * @throws {UsageError} If it makes no sense.
 */
export function readNumber(name: string, text: Values[string]): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,5}$/.test(String(text))) {
    throw new UsageError(`--${name} takes a whole number above 0, not '${text}'.`);
  }
  return Number(text);
}

/**
 * Reads a time, or a duration before now.
 *
 * @param name Name of the option, and of the property.
 * @param text The given value.
 * @throws {UsageError} If it makes no sense.
 */
export function readTime<K extends string>(name: K, text: Values[string]): Partial<Record<K, Date>> {
  if (text === undefined) return {};
  const ago = parseDuration(String(text));
  const ms = ago === undefined ? readInstant(String(text)) : Math.max(0, Date.now() - ago);
  if (ms === undefined) {
    throw new UsageError(
      `--${name} takes a time such as 2026-01-31T12:00:00Z, or a duration such as 10m or 2d, not '${text}'.`,
    );
  }
  return { [name]: new Date(ms) } as Record<K, Date>;
}

/**
 * Refuses arguments of `logs` that make no sense together.
 *
 * @param ids The ids.
 * @param values The values of the options.
 * @throws {UsageError} If it makes no sense.
 */
export function requireLogs(ids: readonly string[], { follow, until, tail, grep, all }: Values): void {
  if (ids.length > 0 && all) throw new UsageError("Use either ids or --all, not both.");
  if (ids.length === 0 && !all) throw new UsageError("'logs' needs the id of a bot or a schedule.");
  if (all && grep === undefined) throw new UsageError("--all needs --grep.");
  if (all && (follow || tail !== undefined)) throw new UsageError("--all takes neither --follow nor --tail.");
  if (follow && until !== undefined) throw new UsageError("Use either --follow or --until, not both.");
  if (grep === "") throw new UsageError("--grep needs a regular expression.");
}

/**
 * Reads `--count`.
 *
 * @param text The given value.
 * @throws {UsageError} If it makes no sense.
 */
export function readCount(text: Values[string]): { count?: number } {
  if (text === undefined) return {};
  const count = Number(text);
  if (!/^\d+$/.test(String(text)) || count < 1 || count > MAX_PREVIEW_COUNT) {
    throw new UsageError(`--count takes a whole number from 1 to ${MAX_PREVIEW_COUNT}, not '${text}'.`);
  }
  return { count };
}
