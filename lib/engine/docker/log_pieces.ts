/**
 * The pieces into which an engine cuts long lines.
 *
 * @module
 */

/** An engine cuts a line after so many bytes, also in the middle of a character, which its log then cannot hold. */
const PIECE_BYTES = 16 * 1024;
/** Wrappers put up to three of these (SUB) before a character that would be cut: it then begins the next piece. */
const PADDING = 0x1a;
const MAX_PADDING_BYTES = 3;

/**
 * Takes away the padding at the end of a piece.
 *
 * @param content What an engine gives as one entry.
 * @returns The content without it, in the same memory.
 */
export function withoutPadding(content: Uint8Array): Uint8Array {
  if (content.length !== PIECE_BYTES || content[PIECE_BYTES - 1] !== PADDING) return content;
  let end = PIECE_BYTES;
  while (end > PIECE_BYTES - MAX_PADDING_BYTES && content[end - 1] === PADDING) end--;
  return content.subarray(0, end);
}
