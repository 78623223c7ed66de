/**
 * Describes positions in a file for people.
 *
 * @module
 */

const NEWLINE = 0x0a;

/**
 * Describes the position of a byte.
 *
 * @param bytes Content of the file.
 * @param at Index of the byte.
 * @param unit Whether to count characters or bytes within the line.
 * @returns For example `line 3, column 7` or `line 3, byte 9`, both counted from 1.
 */
export function describePlace(bytes: Uint8Array, at: number, unit: "column" | "byte"): string {
  let [line, start] = [1, 0];
  for (let end = bytes.indexOf(NEWLINE); end !== -1 && end < at; end = bytes.indexOf(NEWLINE, end + 1)) {
    line++;
    start = end + 1;
  }
  const before = bytes.subarray(start, at);
  const count = unit === "byte" ? before.length : [...new TextDecoder().decode(before)].length;
  return `line ${line}, ${unit} ${count + 1}`;
}

/**
 * Finds the first byte that is not valid UTF-8.
 *
 * @param bytes Content of the file.
 * @returns Index of the byte; `undefined` if all bytes are valid UTF-8.
 */
export function invalidUtf8At(bytes: Uint8Array): number | undefined {
  if (isUtf8(bytes, false)) return undefined;
  // Finds the longest prefix that is valid, or ends inside a character.
  let [valid, invalid] = [0, bytes.length + 1];
  while (invalid - valid > 1) {
    const middle = Math.floor((valid + invalid) / 2);
    if (isUtf8(bytes.subarray(0, middle), true)) valid = middle;
    else invalid = middle;
  }
  return Math.min(valid, bytes.length - 1);
}

function isUtf8(bytes: Uint8Array, mayBreakOff: boolean): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: mayBreakOff });
    return true;
  } catch {
    return false;
  }
}
