/**
 * Lengths of time as Go writes them.
 *
 * @module
 */

const NANOSECONDS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  "µs": 1_000n, // U+00B5, micro sign
  "μs": 1_000n, // U+03BC, Greek letter mu
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const PART = /(\d*)(?:(\.)(\d*))?(ns|us|µs|μs|ms|s|m|h)/y;
/** Go keeps nanoseconds in 64 bits, the least number being one further from zero than the greatest. */
const LIMIT = 2n ** 63n;

/**
 * Reads a length of time as Go's `time.ParseDuration` does: numbers with units, `1h30m`, `1.5s`, `-2ms`, and `0`.
 *
 * @param text The text.
 * @returns Nanoseconds, or `undefined` when Go refuses it: it is no such thing, or longer than about 292 years.
 */
export function parseGoDuration(text: string): bigint | undefined {
  const negative = text.startsWith("-");
  const body = text.replace(/^[-+]/, "");
  if (body === "0") return 0n;
  if (body === "") return undefined;
  let total = 0n;
  for (PART.lastIndex = 0; PART.lastIndex < body.length;) {
    const [part, whole = "", , fraction = "", unit = ""] = PART.exec(body) ?? [];
    if (part === undefined || whole + fraction === "") return undefined;
    const scale = NANOSECONDS[unit]!;
    // More digits than Go counts change nothing: a unit has less than 10^13 nanoseconds.
    const digits = fraction.slice(0, 18);
    total += BigInt(whole) * scale + BigInt(`0${digits}`) * scale / 10n ** BigInt(digits.length);
    if (total > LIMIT) return undefined;
  }
  if (negative) return -total;
  return total < LIMIT ? total : undefined;
}
