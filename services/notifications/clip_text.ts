/**
 * Cuts texts to what a receiver takes.
 *
 * @module
 */

/**
 * Cuts a text, and marks the cut. No character is cut in two: receivers refuse halves.
 *
 * @param text The text.
 * @param max Its greatest length, in UTF-16 code units, as JavaScript, Slack, Discord and Telegram count.
 * @param escape Writes each character. @default as it is
 */
export function clipText(
  text: string,
  max: number,
  escape: (character: string) => string = (character) => character,
): string {
  let written = "";
  /** The result if the string turns out to be too long. */
  let short = "";
  for (const character of text.toWellFormed()) {
    written += escape(character);
    if (written.length > max) return `${short}…`;
    if (written.length < max) short = written;
  }
  return written;
}
