/** JSON whose integers keep all their digits: those that a number cannot hold become a BigInt. */

const INTEGER = /^-?\d+$/;

/** Parses JSON. @throws {SyntaxError} If it is not JSON. */
export const parseExact = (text) =>
  JSON.parse(
    text,
    (_key, value, context) =>
      typeof value === "number" && !Number.isSafeInteger(value) && INTEGER.test(context?.source ?? "")
        ? BigInt(context.source)
        : value,
  );

/** Levels that are written: a program may nest deeper than the stack of a browser. */
const MAX_DEPTH = 200;

/** Writes JSON, `indent` spaces a level. Values that are nested too deep become `…`. */
export function stringifyExact(value, indent = 2, depth = 0) {
  if (typeof value === "bigint") return String(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (depth > MAX_DEPTH) return "…";
  const isList = Array.isArray(value);
  const before = " ".repeat(indent * depth);
  const inside = " ".repeat(indent * (depth + 1));
  const items = isList
    ? value.map((item) => inside + stringifyExact(item, indent, depth + 1))
    : Object.entries(value).map(([key, item]) =>
      `${inside}${JSON.stringify(key)}: ${stringifyExact(item, indent, depth + 1)}`
    );
  const [open, close] = isList ? "[]" : "{}";
  return items.length === 0 ? open + close : `${open}\n${items.join(",\n")}\n${before}${close}`;
}
