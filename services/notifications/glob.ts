/**
 * Matches names with patterns such as `grid-*`.
 *
 * @module
 */

/**
 * Tells whether a name matches a pattern. `*` stands for any characters, also none; everything else for itself.
 *
 * @param pattern The pattern.
 * @param name The name.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return name === pattern;
  const last = rest.pop()!;
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found === -1) return false;
    at = found + part.length;
  }
  return name.length - at >= last.length && name.endsWith(last);
}
