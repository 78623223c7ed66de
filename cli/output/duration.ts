/**
 * Lengths of time as people type them.
 *
 * @module
 */

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Reads a length of time such as `20s`, `1h30m`, `2d` or `500ms`.
 *
 * @param text The text.
 * @returns Milliseconds, or `undefined` when the text is no such thing.
 */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/gy)) {
    total += Number(amount) * UNITS[unit!]!;
  }
  return total;
}

/**
 * Writes a length of time in its largest unit, for example `3m` or `2d`.
 *
 * @param ms Milliseconds, 0 or more.
 */
export function formatDuration(ms: number): string {
  const units = [["d", 86_400_000], ["h", 3_600_000], ["m", 60_000]] as const;
  const [unit, size] = units.find(([, size]) => ms >= size) ?? ["s", 1000];
  return `${Math.floor(ms / size)}${unit}`;
}
