/**
 * The error for a document that no retry can store.
 *
 * @module
 */

import { BerthError } from "../../lib/errors.ts";

/** The database can never hold this document. Its writer has to change it. */
export class UnstorableDocumentError extends BerthError {
  /**
   * @param id Id of the document.
   * @param reason The problem, without the document's content.
   * @param options The cause, if there is one.
   */
  constructor(readonly id: string, readonly reason: string, options?: ErrorOptions) {
    super("store/unstorable", `The document '${id}' cannot be stored: ${reason}.`, options);
  }
}
