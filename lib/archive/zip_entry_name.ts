/**
 * Names inside an archive: which are safe to create below a folder, and how to show the others. Pure.
 *
 * @module
 */

import { InvalidArchiveError } from "../errors.ts";

/** A name that is safe below any folder. */
export interface ZipEntryName {
  /** Path below the destination, with `/` between its parts and none at its end. */
  readonly path: string;
  /** Whether the name ends in `/`: a folder. */
  readonly folder: boolean;
  /** The name as it may be shown: control characters escaped, cut when long. */
  readonly label: string;
}

const MAX_PATH_BYTES = 4096;
const MAX_COMPONENT_BYTES = 255;
const MAX_LABEL_LENGTH = 160;
// The byte order mark is part of a name, not to be dropped: two names must never decode to one.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Decodes and checks the name of an entry. Names are UTF-8, whether the archive says so (flag bit 11) or not:
 * the old code pages cannot be told apart, so a name in one of them is refused rather than guessed.
 *
 * @param raw The name's bytes.
 * @returns The name, safe to create below a folder.
 * @throws {InvalidArchiveError} `bad-name`, with the reason.
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
  const folder = name.endsWith("/");
  return { path: folder ? name.slice(0, -1) : name, folder, label };
}

/**
 * Says why a name is not safe to create below a folder.
 *
 * @param name A name as it stands in an archive; a folder's ends in `/`.
 * @returns What is wrong and what to do, to be put after the name; `undefined` when nothing is.
 */
export function findZipNameProblem(name: string): string | undefined {
  if (name === "") return "is empty";
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f]/.test(name)) return "holds a control character. Rename the file";
  if (name.includes("\\")) return "holds a backslash. Use '/' between folders";
  if (name.startsWith("/")) return "is absolute. Use a path relative to the archive";
  if (/^[a-zA-Z]:/.test(name)) return "begins with a drive letter. Use a path relative to the archive";
  const parts = (name.endsWith("/") ? name.slice(0, -1) : name).split("/");
  if (parts.includes("..")) return "holds '..' and could lead out of its folder. Remove it from the path";
  if (parts.includes(".")) return "holds '.' as a folder. Remove it from the path";
  if (parts.includes("")) return "holds an empty folder name ('//'). Remove it from the path";
  if (parts.some(isTooLong)) return `has a part of more than ${MAX_COMPONENT_BYTES} bytes. Shorten it`;
  return undefined;
}

/**
 * Makes a name safe to show: control and direction-changing characters become escapes, and what is very long is cut.
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
