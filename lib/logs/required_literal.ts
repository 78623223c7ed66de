/**
 * Finds a string that everything that matches a regular expression contains: searching for it is much faster.
 *
 * @module
 */

const SPECIAL = /[\\^$.|?*+()[\]{}]/;

/**
 * Finds the longest string of plain characters that each match must contain. Looks at the outermost level only, and
 * rather finds none than a wrong one.
 *
 * @param regex The expression, in RE2's syntax.
 * @returns The string; `undefined` if none is certain.
 */
export function requiredLiteral(regex: string): string | undefined {
  let longest = "";
  let run = "";
  const end = () => {
    if (run.length > longest.length) longest = run;
    run = "";
  };
  for (let i = 0; i < regex.length;) {
    const char = String.fromCodePoint(regex.codePointAt(i)!);
    let literal: string | undefined;
    if (char === "|" || regex.startsWith("(?", i) && /^\(\?[a-zA-Z-]*\)/.test(regex.slice(i))) {
      return undefined;
    }
    if (char === "\\") {
      // An escaped letter or digit is a class, an assertion, or a character by its number or name.
      const next = regex.slice(i + 1, i + 2);
      if (/[dDwWsSbB]/.test(next)) literal = undefined;
      else if (next === "" || /[0-9A-Za-z]/.test(next) || next > "\x7f") return undefined;
      else literal = next;
      i += 2;
    } else if (char === "(") {
      const close = endOfGroup(regex, i);
      if (close === undefined) return undefined;
      i = close;
    } else if (char === "[") {
      const close = endOfClass(regex, i);
      if (close === undefined) return undefined;
      i = close;
    } else if (SPECIAL.test(char)) {
      i += 1;
    } else {
      literal = char;
      i += char.length;
    }
    const quantifier = regex[i];
    const isOptional = quantifier === "?" || quantifier === "*" || quantifier === "{";
    if (literal === undefined || isOptional) end();
    else run += literal;
    if (quantifier === "+") end();
    if (quantifier === "{") {
      const close = regex.indexOf("}", i);
      if (close === -1) return undefined;
      i = close + 1;
    } else if (isOptional || quantifier === "+") i += 1;
  }
  end();
  return longest === "" ? undefined : longest;
}

/** @returns The index after a group; `undefined` if that is not clear. */
function endOfGroup(regex: string, start: number): number | undefined {
  let depth = 0;
  for (let i = start; i < regex.length; i++) {
    const char = regex[i];
    if (char === "\\") {
      if (regex[i + 1] === "Q") return undefined;
      i++;
    } else if (char === "[") {
      const close = endOfClass(regex, i);
      if (close === undefined) return undefined;
      i = close - 1;
    } else if (char === "(") depth++;
    else if (char === ")" && --depth === 0) return i + 1;
  }
  return undefined;
}

/** @returns Index after a class; `undefined` if that is not clear. */
function endOfClass(regex: string, start: number): number | undefined {
  let i = start + 1;
  if (regex[i] === "^") i++;
  // A closing bracket that comes first is a character.
  if (regex[i] === "]") i++;
  for (; i < regex.length; i++) {
    if (regex[i] === "\\") i++;
    else if (regex.startsWith("[:", i)) return undefined;
    else if (regex[i] === "]") return i + 1;
  }
  return undefined;
}
