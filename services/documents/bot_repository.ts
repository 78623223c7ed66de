/**
 * The port to the documents that say which bots should run. Their form is fixed by the outside contract:
 * `{ id, segment_id, config, custom, enabled? }`, written by other programs too.
 *
 * @module
 */

import { BerthError, type BerthErrorOptions } from "../../lib/errors.ts";

/** The database did not answer, or refused. */
export class StoreUnavailableError extends BerthError {
  /**
   * Makes the error.
   *
   * @param message What was tried, where, and what happened; never a credential.
   * @param options The advice and the cause.
   */
  constructor(message: string, options?: BerthErrorOptions) {
    super("store/unavailable", message, options);
  }
}

/** A document as it is stored, with whatever fields its writer gave it. */
export type BotDocument = Readonly<Record<string, unknown>>;

/**
 * Where a change stands among the changes of its document. Compared by `sequence` where both have one, else by
 * `publishedAt`; one that has neither counts as newer than anything before it.
 */
export interface EventOrder {
  /** Sequence in the stream. */
  readonly sequence?: number;
  /** When it was published, or made where nobody publishes it, in ms since the epoch. */
  readonly publishedAt?: number;
  /** Whether it was published before Berth first connected: a document that was there then counts more. */
  readonly isHistory?: boolean;
}

/** What every change tells. */
interface Change {
  /** Id of the bot. */
  readonly id: string;
  /** Where it stands among the events of its bot. */
  readonly order: EventOrder;
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

/** Why a change is not applied. */
export interface Refusal {
  /**
   * - `repeated`: the change was applied before, or its document has seen a later event.
   * - `older`: the document has seen a change that was made later.
   * - `documented`: the change is history, and the document that was there counts.
   * - `exists`: it creates a document that exists.
   * - `unstorable`: the database cannot hold the document, however often it is tried.
   */
  readonly kind: "repeated" | "older" | "documented" | "exists" | "unstorable";
  /** The reason as a sentence without a full stop. */
  readonly reason: string;
}

/** Options of {@linkcode BotRepository.apply} and {@linkcode BotRepository.write}. */
export interface ApplyOptions extends RepositoryCallOptions {
  /** Default fields of a document that the change creates. */
  readonly newFields?: BotDocument;
}

/** A change that has reached the document; the position of its event may not be saved yet. */
export interface WrittenChange {
  /** Why the change was not applied; absent when it was. */
  readonly refusal?: Refusal;
  /** The whole document as it is now, `undefined` after a removal; absent if only a part of it is known. */
  readonly current?: { readonly document: BotDocument | undefined };
  /**
   * Resolves once the position of the event is saved, too. Rejects with `StoreUnavailableError`: the event has to
   * come again then. Await it before the event is acknowledged.
   */
  readonly positionSaved: Promise<void>;
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
  /**
   * Applies a change as {@linkcode apply} does, but resolves as soon as the document is written, so that a caller can
   * act on it while the position of the event is being saved.
   *
   * @returns The document as it is now, or why the change was refused.
   * @throws {UnstorableDocumentError} If the database cannot hold the document.
   */
  write(change: BotChange, options?: ApplyOptions): Promise<WrittenChange>;
}
