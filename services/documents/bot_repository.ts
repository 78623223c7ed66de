/**
 * The port to the documents that say which bots should run. Their form is fixed by the outside contract:
 * `{ id, segment_id, config, custom, enabled? }`, written by other programs too.
 *
 * @module
 */

import { BerthError } from "../../lib/errors.ts";

/** The database did not answer, or refused. */
export class StoreUnavailableError extends BerthError {
  /**
   * Makes the error.
   *
   * @param message What was tried, where, and what happened; never a credential.
   * @param options The cause.
   */
  constructor(message: string, options?: ErrorOptions) {
    super("store/unavailable", message, options);
  }
}

/** A document as it is stored, with whatever fields its writer gave it. */
export type BotDocument = Readonly<Record<string, unknown>>;

/**
 * Where an event stands among the events of its bot. Compared by `sequence` where both have one, else by
 * `updatedAt`; one that has neither counts as newer than anything before it.
 */
export interface EventOrder {
  /** Sequence in the stream. */
  readonly sequence?: number;
  /** Time of the change according to its writer (`custom.updatedAt`), in ms since the epoch. */
  readonly updatedAt?: number;
}

/** What every change tells. */
interface Change {
  /** Id of the bot. */
  readonly id: string;
  /** Where it stands among the events of its bot. */
  readonly order: EventOrder;
  /** When it was published, in ms since the epoch, where its bus says so. */
  readonly publishedAt?: number;
}

/** A change that an event tells. */
export type BotChange =
  | Change & { readonly type: "created" | "updated"; readonly document: BotDocument }
  | Change & { readonly type: "deleted" };

/** A document that was read. One that cannot be keyed (no usable `id`) is given too, so that it can be reported. */
export interface StoredBot {
  /** Its `id`; where that is missing or no text, a name for reports, such as `(document 66f…)`. */
  readonly key: string;
  /** The document, in plain values: dates are `Date`, numbers are numbers. */
  readonly document: BotDocument;
}

/** Options of every call. */
export interface RepositoryCallOptions {
  /** Gives the call up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode BotRepository.apply}. */
export interface ApplyOptions extends RepositoryCallOptions {
  /**
   * Called once the document is written, with all of it as it is now; `undefined` when it is removed. Whoever acts on it
   * need not wait until it is written down, too, how far the events have come. Not called where what was written is only
   * a part of the document and the rest is not known.
   */
  readonly onWritten?: (document: BotDocument | undefined) => void;
}

/**
 * The documents. Every method rejects with `StoreUnavailableError` when the database does not answer: no
 * answer is never an empty answer.
 */
export interface BotRepository extends AsyncDisposable {
  /** Prepares the database (indexes, tables). Harmless when that was done. */
  open(options?: RepositoryCallOptions): Promise<void>;
  /** One document, or `undefined` when there is none. */
  get(id: string, options?: RepositoryCallOptions): Promise<BotDocument | undefined>;
  /** All documents, read whole: either every one, or a rejection. */
  list(options?: RepositoryCallOptions): Promise<StoredBot[]>;
  /**
   * Applies a change unless the document has seen a newer one: create is a no-op when the id exists, update
   * upserts, delete removes. Fields that the change does not name are kept. A deletion is remembered, so
   * that a late or redelivered create does not bring the bot back.
   *
   * @returns Whether the change was applied.
   */
  apply(change: BotChange, options?: ApplyOptions): Promise<boolean>;
}
