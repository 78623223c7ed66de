/**
 * Removes the padding that the wrappers add to long lines.
 *
 * @module
 */

/** An engine cuts a line after this length, also within a character, which its log then cannot hold. */
const PIECE_BYTES = 16 * 1024;
/** Wrappers put up to three of these (SUB) before a character that would be cut, so that it begins the next piece. */
const PADDING = 0x1a;
const MAX_PADDING_BYTES = 3;

/**
 * Removes the padding at the end of a piece.
 *
 * @param content Content of one entry of the engine.
 * @returns The content without padding, in the same memory.
 */
export function withoutPadding(content: Uint8Array): Uint8Array {
  if (content.length !== PIECE_BYTES || content[PIECE_BYTES - 1] !== PADDING) return content;
  let end = PIECE_BYTES;
  while (end > PIECE_BYTES - MAX_PADDING_BYTES && content[end - 1] === PADDING) end--;
  return content.subarray(0, end);
}
