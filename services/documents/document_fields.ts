/**
 * Looking at values that any program may have written.
 *
 * @module
 */

/** An object with any fields. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Whether a value has fields.
 *
 * @param value Anything.
 * @returns Whether it is an object, and neither an array nor a date.
 */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/**
 * Reads a field that an object holds itself: one named `__proto__` gives it no others.
 *
 * @param object The object.
 * @param name The field.
 * @returns Its value, or `undefined`.
 */
export function field(object: Fields, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/**
 * Says what a value is, and nothing of its content.
 *
 * @param value Anything.
 * @returns For example `missing`, `a text` or `NaN`.
 */
export function typeName(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null || Number.isNaN(value)) return String(value);
  if (Array.isArray(value)) return "an array";
  if (value instanceof Date) return "a date";
  if (typeof value === "string") return "a text";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
