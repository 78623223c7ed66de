/**
 * A change that no second try can store.
 *
 * @module
 */

import { BerthError } from "../../lib/errors.ts";

/** The database cannot hold this document, however often it is tried. Whoever sent it has to change it. */
export class UnstorableDocumentError extends BerthError {
  /**
   * Makes the error.
   *
   * @param id Id of the document.
   * @param reason What is wrong, without the document's content.
   * @param options The cause, where there is one.
   */
  constructor(readonly id: string, readonly reason: string, options?: ErrorOptions) {
    super("store/unstorable", `The document '${id}' cannot be stored: ${reason}.`, options);
  }
}
