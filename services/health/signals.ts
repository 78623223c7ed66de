/**
 * The health signals in a line of a bot.
 *
 * @module
 */

import type { LiveLine } from "../../lib/logs/live_line.ts";
import type { HealthSettings } from "../documents/health_settings.ts";

/** Longest status text that is kept, in characters. */
const MAX_STATUS_LENGTH = 200;

/** The signals of a line. */
export interface Signals {
  /** Whether it counts as a sign of life. */
  readonly isAlive: boolean;
  /** Whether the bot says that it is ready. */
  readonly isReady: boolean;
  /** The bot's own status text; empty to clear it. Absent if the line sets none. */
  readonly statusText?: string;
  /** Whether the line is meant for people. */
  readonly isForPeople: boolean;
}

/**
 * Reads what a line says of a bot's health.
 *
 * @param line The line.
 * @param settings Which lines count.
 */
export function readSignals(
  line: LiveLine,
  { signal, metric }: Pick<HealthSettings, "signal" | "metric">,
): Signals {
  const words = line.heartbeat?.split("\n") ?? [];
  const { metric: found } = line;
  const status = words.findLast((word) => word.startsWith("STATUS="));
  return {
    isAlive: signal === "output" ||
      (signal === "heartbeat" && words.includes("WATCHDOG=1")) ||
      (signal === "metric" && found !== undefined && (metric === undefined || found.type === metric)),
    isReady: words.includes("READY=1"),
    ...(status !== undefined && { statusText: inOneLine(status.slice("STATUS=".length), MAX_STATUS_LENGTH) }),
    isForPeople: words.length === 0 && !found,
  };
}

/**
 * Cuts text of a bot to one short line without control characters.
 *
 * @param text The text.
 * @param maxLength Its longest length, in characters.
 */
export function inOneLine(text: string, maxLength: number): string {
  // deno-lint-ignore no-control-regex
  const plain = text.slice(0, 4 * maxLength).replace(/\x1b\[[0-9;?]*[A-Za-z]/g, "").replace(
    /[\p{Cc}\p{Cf}\s]+/gu,
    " ",
  ).trim();
  return plain.length > maxLength ? `${plain.slice(0, maxLength)}…` : plain;
}
