/**
 * The end of an id that begins with a time in ms.
 *
 * @module
 */

let count = 0;

/**
 * Makes the end of an id, so that ids of the same millisecond sort in the order in which this process made them.
 *
 * @returns Eight hexadecimal digits: four that count up, then four at random.
 */
export function orderedSuffix(): string {
  // The count begins anew after 65,536 ids; a process does not make as many within a millisecond.
  count = (count + 1) % 0x10000;
  const random = crypto.getRandomValues(new Uint16Array(1))[0]!;
  return [count, random].map((number) => number.toString(16).padStart(4, "0")).join("");
}
