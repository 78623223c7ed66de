/**
 * Facts about the code that a deployment of Berth's adds to the outside contract: `custom.berth`.
 *
 * @module
 */

import { field, type Fields, isObject } from "./document_fields.ts";

/** Field of `custom` with the facts. */
export const FACTS_KEY = "berth";

/**
 * Returns the facts. Documents of other programs have none.
 *
 * @param custom The document's `custom`, which need not be an object.
 */
export function deployedFacts(custom: unknown): Fields {
  const facts = isObject(custom) ? field(custom, FACTS_KEY) : undefined;
  return isObject(facts) ? facts : {};
}
