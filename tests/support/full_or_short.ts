/**
 * How much a test does.
 *
 * @module
 */

const isFull = Deno.env.get("BERTH_TEST_FULL") === "1";

/**
 * Chooses between the whole of a long test and a part that is enough for every day.
 *
 * @param full The value with `BERTH_TEST_FULL=1`.
 * @param short The value otherwise.
 */
export function fullOrShort<T>(full: T, short: T): T {
  return isFull ? full : short;
}
