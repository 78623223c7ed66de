/**
 * Checks which names in an archive are safe to create in a folder, and escapes the others to show them. Pure.
 *
 * @module
 */

import { InvalidArchiveError } from "../errors.ts";

/** A name that is safe to create in any folder. */
export interface ZipEntryName {
  /** Path below the destination, with `/` between its parts but not at its end. */
  readonly path: string;
  /** Whether it is a folder: its name ends with `/`. */
  readonly isFolder: boolean;
  /** The name for people: control characters are escaped, and a long name is cut. */
  readonly label: string;
}

const MAX_PATH_BYTES = 4096;
const MAX_COMPONENT_BYTES = 255;
const MAX_LABEL_LENGTH = 160;
// The byte order mark is part of a name and must not be dropped: two names must never decode to the same string.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Decodes and checks the name of an entry. Names must be UTF-8, whether the archive says so (flag bit 11) or not: the old
 * code pages cannot be told apart, so a name in one of them is refused instead of guessed.
 *
 * @param raw Bytes of the name.
 * @returns The name, which is safe to create in a folder.
 * @throws {InvalidArchiveError} If the name is not safe (`bad-name`).
 */
export function readZipEntryName(raw: Uint8Array): ZipEntryName {
  let name: string;
  try {
    name = decoder.decode(raw);
  } catch {
    throw badName(escapeBytes(raw), "is not UTF-8. Pack it with a program that writes UTF-8 names");
  }
  const label = escapeZipEntryName(name);
  const problem = raw.length > MAX_PATH_BYTES
    ? `is ${raw.length} bytes long, more than ${MAX_PATH_BYTES}`
    : findZipNameProblem(name);
  if (problem !== undefined) throw badName(label, problem);
  const isFolder = name.endsWith("/");
  return { path: isFolder ? name.slice(0, -1) : name, isFolder, label };
}

/**
 * Explains why a name is not safe to create in a folder.
 *
 * @param name A name from an archive. The name of a folder ends with `/`.
 * @returns The problem and what to do, as a clause that follows the name; `undefined` if the name is safe.
 */
export function findZipNameProblem(name: string): string | undefined {
  if (name === "") return "is empty";
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) return "contains a control character. Rename the file";
  if (name.includes("\\")) return "contains a backslash. Use '/' between folders";
  if (name.startsWith("/")) return "is absolute. Use a path relative to the archive";
  if (/^[a-zA-Z]:/.test(name)) return "begins with a drive letter. Use a path relative to the archive";
  const parts = (name.endsWith("/") ? name.slice(0, -1) : name).split("/");
  if (parts.includes("..")) return "contains '..' and could lead out of its folder. Remove it from the path";
  if (parts.includes(".")) return "contains '.' as a folder. Remove it from the path";
  if (parts.includes("")) return "contains an empty folder name ('//'). Remove it from the path";
  if (parts.some(isTooLong)) return `has a part of more than ${MAX_COMPONENT_BYTES} bytes. Shorten it`;
  return undefined;
}

/**
 * Makes a name safe to show. Escapes characters that control the terminal or the direction of writing, and cuts a long
 * name.
 *
 * @param name Any name.
 * @returns The name for people and logs.
 */
export function escapeZipEntryName(name: string): string {
  return shorten(
    name.slice(0, MAX_LABEL_LENGTH + 1).replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, escapeCharacter),
  );
}

function isTooLong(part: string): boolean {
  return part.length * 3 > MAX_COMPONENT_BYTES && encoder.encode(part).length > MAX_COMPONENT_BYTES;
}

function escapeBytes(raw: Uint8Array): string {
  const bytes = Array.from(raw.subarray(0, MAX_LABEL_LENGTH + 1));
  return shorten(
    bytes.map((byte) => byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : hex(byte)).join(""),
  );
}

function escapeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? hex(code) : `\\u{${code.toString(16)}}`;
}

function hex(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

function shorten(label: string): string {
  return label.length > MAX_LABEL_LENGTH ? `${label.slice(0, MAX_LABEL_LENGTH)}…` : label;
}

function badName(label: string, problem: string): InvalidArchiveError {
  return new InvalidArchiveError("bad-name", `The archive's entry name '${label}' ${problem}.`, label);
}
