/**
 * Port for the documents that say which bots should run. The outside contract fixes their form,
 * `{ id, segment_id, config, custom, enabled? }`; other programs write them too.
 *
 * @module
 */

import { BerthError, type BerthErrorOptions } from "../../lib/errors.ts";

/** The database did not answer, or refused the request. */
export class StoreUnavailableError extends BerthError {
  /**
   * @param message The failure, its place and its cause; never a credential.
   * @param options The advice and the cause.
   */
  constructor(message: string, options?: BerthErrorOptions) {
    super("store/unavailable", message, options);
  }
}

/** A stored document, with any fields its writer chose. */
export type BotDocument = Readonly<Record<string, unknown>>;

/**
 * Position of a change among the changes of its document. Compared by `sequence` if both changes have one,
 * else by `publishedAt`. A change with neither counts as newer than everything before it.
 */
export interface EventOrder {
  /** Sequence in the stream. */
  readonly sequence?: number;
  /** Time of publication in ms since the epoch; the time of the change if nobody publishes it. */
  readonly publishedAt?: number;
  /**
   * Whether the event is older than Berth's first connection. A document that existed by then outweighs it.
   */
  readonly isHistory?: boolean;
}

/** Fields of every change. */
interface Change {
  /** Id of the bot. */
  readonly id: string;
  /** Position among the events of the bot. */
  readonly order: EventOrder;
}

/** A change that an event announces. */
export type BotChange =
  | Change & { readonly type: "created" | "updated"; readonly document: BotDocument }
  | Change & { readonly type: "deleted" };

/** A stored document. Documents without a usable `id` are included, so that they can be reported. */
export interface StoredBot {
  /** The document's `id`, or a name for reports such as `(document 66f…)` if that is missing or no string. */
  readonly key: string;
  /** The document in plain values: dates are `Date`, numbers are numbers. */
  readonly document: BotDocument;
}

/** Options of every call. */
export interface RepositoryCallOptions {
  /** Aborts the call; the promise rejects with the signal's reason. */
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

/** A change that is written to the document. The position of its event may not be saved yet. */
export interface WrittenChange {
  /** Why the change was not applied; absent if it was. */
  readonly refusal?: Refusal;
  /**
   * The complete document after the change, `undefined` after a removal. Absent if only a part of it is
   * known.
   */
  readonly current?: { readonly document: BotDocument | undefined };
  /**
   * Resolves once the position of the event is saved. Rejects with `StoreUnavailableError` if that fails; the
   * event must then be delivered again. Await it before acknowledging the event.
   */
  readonly positionSaved: Promise<void>;
}

/**
 * The documents. Every method rejects with `StoreUnavailableError` if the database does not answer: no answer
 * is never an empty answer.
 */
export interface BotRepository extends AsyncDisposable {
  /** Prepares indexes and tables. Does nothing if they exist. */
  open(options?: RepositoryCallOptions): Promise<void>;
  /** Reads one document; `undefined` if there is none. */
  get(id: string, options?: RepositoryCallOptions): Promise<BotDocument | undefined>;
  /**
   * Whether the last change that {@linkcode apply} or {@linkcode write} made to a document was its deletion. The memory
   * of deletions is bounded in time.
   */
  wasDeleted(id: string, options?: RepositoryCallOptions): Promise<boolean>;
  /** Reads all documents: either every one, or a rejection. */
  list(options?: RepositoryCallOptions): Promise<StoredBot[]>;
  /**
   * Applies a change unless the document has seen a newer one. A creation does nothing if the id exists, an
   * update upserts, a deletion removes. Fields that the change does not contain are kept. Deletions are
   * remembered, so that a late or redelivered creation does not bring the bot back.
   *
   * @returns Whether the change was applied.
   */
  apply(change: BotChange, options?: ApplyOptions): Promise<boolean>;
  /**
   * Applies a change like {@linkcode apply}, but resolves as soon as the document is written, so that the
   * caller can act while the position of the event is being saved.
   *
   * @returns The document after the change, or why the change was refused.
   * @throws {UnstorableDocumentError} If the database cannot hold the document.
   */
  write(change: BotChange, options?: ApplyOptions): Promise<WrittenChange>;
}
