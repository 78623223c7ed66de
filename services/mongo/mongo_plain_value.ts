/**
 * Converts BSON values to plain values.
 *
 * @module
 */

import { BSON } from "mongodb";

/** Decimals with up to this many digits survive as a number. */
const EXACT_DIGITS = 15;

/**
 * Converts a BSON value to a plain one. Integers beyond 2^53 become `bigint`s; decimals become numbers, or
 * strings if they have more than 15 digits; ids become hexadecimal strings; binary data becomes bytes. Values
 * without a plain counterpart (a regular expression, an oplog timestamp …) stay unchanged.
 *
 * @param value A value as the driver decodes it.
 * @returns The plain value.
 */
export function toPlainValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) return value.map(toPlainValue);
  if (value instanceof BSON.ObjectId || value instanceof BSON.UUID) return value.toHexString();
  if (value instanceof BSON.Binary) return new Uint8Array(value.value());
  if (value instanceof BSON.Timestamp) return value;
  if (value instanceof BSON.Long) return value.toBigInt();
  if (value instanceof BSON.Decimal128) return toNumber(value.toString());
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, toPlainValue(item)]));
}

function toNumber(decimal: string): number | string {
  const digits = decimal.split("E")[0]!.replace(/\D/g, "").replace(/^0+/, "");
  return digits.length > EXACT_DIGITS ? decimal : Number(decimal);
}
