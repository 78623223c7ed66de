/**
 * Puts bytes together.
 *
 * @module
 */

/**
 * Copies pieces into one array, whose memory nothing else shares.
 *
 * @param pieces The pieces.
 */
export function concatBytes(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  pieces.reduce((at, piece) => (whole.set(piece, at), at + piece.length), 0);
  return whole;
}
