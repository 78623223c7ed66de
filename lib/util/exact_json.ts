/**
 * JSON whose integers keep all their digits.
 *
 * @module
 */

/**
 * Parses JSON. An integer beyond 2^53 becomes a `bigint`.
 *
 * @param text The JSON.
 * @throws {SyntaxError} If the text is no JSON.
 */
export function parseExactJson(text: string): unknown {
  // A reviver is slow, and most texts hold no number so long.
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const exact = (_key: string, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context!.source!)
      : value;
  return JSON.parse(text, exact as (key: string, value: unknown) => unknown);
}

/**
 * Writes JSON. A `bigint` becomes a number with all its digits.
 *
 * @param value The value.
 * @param space Indentation, as of `JSON.stringify`.
 */
export function stringifyExactJson(value: unknown, space?: number): string {
  return JSON.stringify(value, exactDigits, space);
}

/**
 * Replacer for `JSON.stringify`: a `bigint` becomes a number with all its digits.
 *
 * @param _key Name of the value.
 * @param value The value.
 */
export function exactDigits(_key: string, value: unknown): unknown {
  if (typeof value !== "bigint") return value;
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value));
}
