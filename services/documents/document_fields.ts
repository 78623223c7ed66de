/**
 * Inspects values that any program may have written.
 *
 * @module
 */

/** An object with any fields. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Whether a value is an object with fields.
 *
 * @param value Any value.
 * @returns `false` for arrays and dates.
 */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/**
 * Reads an object's own field, so that `__proto__` cannot add fields.
 *
 * @param object The object.
 * @param name Name of the field.
 * @returns Its value, or `undefined`.
 */
export function field(object: Fields, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/**
 * Names the type of a value without showing its content.
 *
 * @param value Any value.
 * @returns For example `missing`, `a string` or `NaN`.
 */
export function typeName(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null || Number.isNaN(value)) return String(value);
  if (Array.isArray(value)) return "an array";
  if (value instanceof Date) return "a date";
  if (typeof value === "string") return "a string";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
