/**
 * Decodes text files.
 *
 * @module
 */

import { InvalidBotFolderError } from "../../lib/errors.ts";
import { describePlace, invalidUtf8At } from "../../lib/util/text_place.ts";

/**
 * Decodes a UTF-8 file, without its byte order mark if it has one.
 *
 * @param bytes The file.
 * @param file Its path, for messages.
 * @throws {InvalidBotFolderError} If it is not UTF-8; says where, and what to do. Invalid bytes are never
 * replaced silently.
 */
export function decodeText(bytes: Uint8Array, file: string): string {
  const at = invalidUtf8At(bytes);
  if (at === undefined) return new TextDecoder().decode(bytes);
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const what = isUtf16 ? "it is UTF-16" : `it is not UTF-8 at ${describePlace(bytes, at, "byte")}`;
  throw new InvalidBotFolderError(`Cannot use '${file}': ${what}. Save it as UTF-8.`);
}
