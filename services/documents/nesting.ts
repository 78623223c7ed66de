/**
 * How deep values are nested.
 *
 * @module
 */

/** Deepest nesting of a document. MongoDB itself stores 100 levels. */
export const MAX_DOCUMENT_DEPTH = 200;

/**
 * Whether a value is nested more deeply than allowed. Level by level: a function that calls itself would run out of stack
 * on what is too deep.
 *
 * @param value The value.
 * @param limit How many levels are allowed; a value without any other in it has one.
 */
export function isDeeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value].filter(isContainer);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === limit) return true;
    level = level.flatMap((one) => Object.values(one as object).filter(isContainer));
  }
  return false;
}

/** Bytes, dates and types of a database have nothing in them that is nested. */
function isContainer(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
