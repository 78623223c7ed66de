/**
 * Finds documents by the beginning of their `_id`, which its index knows.
 *
 * @module
 */

/** Makes a filter of documents whose `_id`, printable ASCII, begins with a prefix. @param prefix The prefix. */
export function idsBeginningWith(prefix: string): { _id: { $gte: string; $lt: string } } {
  return { _id: { $gte: prefix, $lt: `${prefix}\x7F` } };
}
