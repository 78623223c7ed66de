/**
 * Durations in Go's notation.
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
/** Go keeps nanoseconds in a signed 64-bit integer. */
const LIMIT = 2n ** 63n;

/**
 * Parses a duration like Go's `time.ParseDuration`: numbers with units such as `1h30m`, `1.5s` or `-2ms`, and
 * `0`.
 *
 * @param text The duration.
 * @returns Nanoseconds, or `undefined` if Go refuses the string or the duration exceeds about 292 years.
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
    // Further digits change nothing: a unit has less than 10^13 nanoseconds.
    const digits = fraction.slice(0, 18);
    total += BigInt(whole) * scale + BigInt(`0${digits}`) * scale / 10n ** BigInt(digits.length);
    if (total > LIMIT) return undefined;
  }
  if (negative) return -total;
  return total < LIMIT ? total : undefined;
}
