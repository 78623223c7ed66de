/**
 * Limits how deeply values are nested.
 *
 * @module
 */

/** Maximum nesting of a document. MongoDB itself stores 100 levels. */
export const MAX_DOCUMENT_DEPTH = 200;

/**
 * Whether a value is nested more deeply than a limit. Works level by level, because recursion would overflow
 * the stack on values that are too deep.
 *
 * @param value The value.
 * @param limit Maximum number of levels; a value without any inner value has one.
 */
export function isDeeperThan(value: unknown, limit: number): boolean {
  let level: unknown[] = [value].filter(isContainer);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === limit) return true;
    level = level.flatMap((one) => Object.values(one as object).filter(isContainer));
  }
  return false;
}

/** Bytes, dates and a database's own types contain nothing nested. */
function isContainer(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
