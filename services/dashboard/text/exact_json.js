/** JSON whose integers keep all their digits: those that a number cannot hold become a BigInt. */

const INTEGER = /^-?\d+$/;

/** Parses it. @throws {SyntaxError} If it is none. */
export const parseExact = (text) =>
  JSON.parse(
    text,
    (_key, value, context) =>
      typeof value === "number" && !Number.isSafeInteger(value) && INTEGER.test(context?.source ?? "")
        ? BigInt(context.source)
        : value,
  );

/** Writes it, `indent` spaces a level. */
export function stringifyExact(value, indent = 2, before = "") {
  if (typeof value === "bigint") return String(value);
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const isList = Array.isArray(value);
  const inside = before + " ".repeat(indent);
  const items = isList
    ? value.map((item) => inside + stringifyExact(item, indent, inside))
    : Object.entries(value).map(([key, item]) =>
      `${inside}${JSON.stringify(key)}: ${stringifyExact(item, indent, inside)}`
    );
  const [open, close] = isList ? "[]" : "{}";
  return items.length === 0 ? open + close : `${open}\n${items.join(",\n")}\n${before}${close}`;
}
