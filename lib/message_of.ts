/**
 * What was thrown, in words.
 *
 * @module
 */

/**
 * The message of whatever was thrown, which need not be an error.
 *
 * @param error What was caught.
 * @returns Its message, or itself as a text.
 */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
