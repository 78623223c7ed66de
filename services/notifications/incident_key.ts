/**
 * Writes the key of an incident as text, and reads it: for records, and for sets in memory.
 *
 * @module
 */

import type { IncidentKey, IncidentKind } from "./incidents.ts";

/**
 * Writes a key. Neither ids of bots nor names of guards contain a slash.
 *
 * @param key The key.
 * @returns For example `bot.failed/grid-1`, or `bot.guard_tripped/grid-1/equity`.
 */
export function toKeyText({ kind, bot = "", guard }: IncidentKey): string {
  return guard === undefined ? `${kind}/${bot}` : `${kind}/${bot}/${guard}`;
}

/**
 * Reads a key.
 *
 * @param text A text that {@linkcode toKeyText} wrote.
 */
export function fromKeyText(text: string): IncidentKey {
  const [kind = "", bot = "", guard] = text.split("/");
  return {
    kind: kind as IncidentKind,
    ...(bot !== "" && { bot }),
    ...(guard !== undefined && { guard }),
  };
}
