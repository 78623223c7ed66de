/** Values that a bot or a document gives, as strings. */

import { stringifyExact } from "./exact_json.js";

/** A value as a string on one line. `String()` fails for an object that has a `toString` of its own. */
export const asText = (value) =>
  value !== null && typeof value === "object"
    ? stringifyExact(value, 0).replaceAll("\n", " ")
    : String(value);
