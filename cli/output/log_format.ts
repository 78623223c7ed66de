/**
 * Formats the service's log, one line per record.
 *
 * @module
 */

import type { LogRecord } from "@logtape/logtape";
import { printable } from "./terminal.ts";

/**
 * Formats a record as `time level category message key=value …`. The message is constant; values are fields.
 *
 * @param record The record.
 * @returns The line.
 */
export function formatRecord({ timestamp, level, category, message, properties }: LogRecord): string {
  const fields = Object.entries(properties).filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${formatValue(value)}`);
  const head = `${new Date(timestamp).toISOString()} ${level} ${category.join(".")}`;
  return printable(`${head} ${message.map(String).join("")}${fields.join("")}`);
}

function formatValue(value: unknown): string {
  const shown = value instanceof Error ? value.message : value;
  const text = typeof shown === "string" ? shown : JSON.stringify(shown) ?? String(shown);
  return /^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(text);
}
