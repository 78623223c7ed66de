/**
 * Remembers documents, so that a list of all bots need not ask the database each time.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import type {
  ApplyOptions,
  BotChange,
  BotDocument,
  BotRepository,
  RepositoryCallOptions,
  StoredBot,
  WrittenChange,
} from "./bot_repository.ts";
import { namedDocument } from "./named_document.ts";

/** How current {@linkcode KnownDocuments.known} must be. */
export interface KnownDocumentsOptions extends RepositoryCallOptions {
  /** Longest time since the last full read, in ms. Later changes of other programs may be missing. */
  readonly maxAgeMs: number;
}

/** One document, and the number of the call that learned it. Without `stored`, there is none; it may be out of date. */
interface Entry {
  readonly call: number;
  readonly stored?: StoredBot;
  readonly isOutdated?: boolean;
}

/**
 * A repository that remembers what was read and written through it. Every call still goes to the database; only
 * {@linkcode known} answers from memory. It always includes the writes of this process.
 */
export class KnownDocuments implements BotRepository {
  readonly #documents: BotRepository;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  #calls = 0;
  #listedAt = -Infinity;

  /** @param documents The documents in the database. @param clock The clock. */
  constructor(documents: BotRepository, clock: Clock) {
    this.#documents = documents;
    this.#clock = clock;
  }

  /**
   * Lists all documents, from memory if the last full read is young enough.
   *
   * @param options See {@linkcode KnownDocumentsOptions}.
   * @returns The documents, in no particular order.
   */
  async known({ maxAgeMs, ...options }: KnownDocumentsOptions): Promise<StoredBot[]> {
    options.signal?.throwIfAborted();
    if (this.#clock.monotonic() - this.#listedAt >= maxAgeMs) return await this.list(options);
    const outdated = [...this.#entries].filter(([, { isOutdated }]) => isOutdated).map(([id]) => id);
    await Promise.all(outdated.map((id) => this.get(id, options)));
    return [...this.#entries.values()].flatMap(({ stored }) => stored ?? []);
  }

  /** See {@linkcode BotRepository.open}. */
  open(options?: RepositoryCallOptions): Promise<void> {
    return this.#documents.open(options);
  }

  /** See {@linkcode BotRepository.get}. */
  async get(id: string, options?: RepositoryCallOptions): Promise<BotDocument | undefined> {
    const call = ++this.#calls;
    const document = await this.#documents.get(id, options);
    this.#learn(id, call, document);
    return document;
  }

  /** See {@linkcode BotRepository.wasDeleted}. */
  wasDeleted(id: string, options?: RepositoryCallOptions): Promise<boolean> {
    return this.#documents.wasDeleted(id, options);
  }

  /** See {@linkcode BotRepository.list}. */
  async list(options?: RepositoryCallOptions): Promise<StoredBot[]> {
    const call = ++this.#calls;
    const begin = this.#clock.monotonic();
    const list = await this.#documents.list(options);
    const listed = new Set(list.map(({ key }) => key));
    for (const [key, entry] of this.#entries) {
      if (entry.call < call && !listed.has(key)) this.#entries.delete(key);
    }
    for (const stored of list) this.#set(stored.key, { call, stored });
    this.#listedAt = Math.max(this.#listedAt, begin);
    return list;
  }

  /** See {@linkcode BotRepository.apply}. */
  async apply(change: BotChange, options?: ApplyOptions): Promise<boolean> {
    try {
      return await this.#documents.apply(change, options);
    } finally {
      this.#doubt(change.id);
    }
  }

  /** See {@linkcode BotRepository.write}. */
  async write(change: BotChange, options?: ApplyOptions): Promise<WrittenChange> {
    try {
      const written = await this.#documents.write(change, options);
      if (written.current) this.#learn(change.id, ++this.#calls, written.current.document);
      else if (!written.refusal) this.#doubt(change.id);
      return written;
    } catch (error) {
      this.#doubt(change.id);
      throw error;
    }
  }

  /** Disposes the documents in the database. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#documents[Symbol.asyncDispose]();
  }

  #learn(id: string, call: number, document: BotDocument | undefined): void {
    if (!document) return this.#set(id, { call });
    const stored = namedDocument({ key: id, document });
    this.#set(stored.key, { call, stored });
  }

  /** Makes the next caller read it again. */
  #doubt(id: string): void {
    const stored = this.#entries.get(id)?.stored;
    this.#set(id, { call: ++this.#calls, isOutdated: true, ...(stored && { stored }) });
  }

  /** A call that began earlier may have seen an earlier state, however late it returns. */
  #set(id: string, entry: Entry): void {
    if ((this.#entries.get(id)?.call ?? 0) <= entry.call) this.#entries.set(id, entry);
  }
}
