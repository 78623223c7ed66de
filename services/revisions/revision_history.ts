/**
 * The revisions of each bot and schedule. They are kept in the database, beside the documents that they hold.
 *
 * @module
 */

import { batched } from "../../lib/util/batched.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import { abortable } from "../../lib/util/promises.ts";
import { parseArchiveKey } from "../documents/archive_key.ts";
import type { BotDocument, RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { RecordStore, StoredRecord } from "../records/record_store.ts";
import { parseRevisionKey, readRevision, type Revision, revisionKey, writeRevision } from "./revision.ts";
import { contentHashOf, documentText, factsOf } from "./revision_facts.ts";

/** A change to note. */
export interface NotedChange extends Pick<Revision, "kind" | "trigger" | "actor" | "restores"> {
  /** The document after the change; `undefined` if it was removed. */
  readonly document: BotDocument | undefined;
}

/**
 * Records a change, unless the latest revision has the same content.
 *
 * @returns The revision that is in effect now; `undefined` if there is none.
 */
export type NoteChange = (change: NotedChange) => Promise<Revision | undefined>;

/** Which revisions to list. */
export interface ListRevisionsOptions extends RepositoryCallOptions {
  /** Only those before this one. @default all */
  readonly before?: number;
  /** Maximum number. @default 100 */
  readonly limit?: number;
}

/** Number of revisions of which at least the facts are kept. */
export const MAX_REVISIONS = 100;

const COLLECTION = "revisions";
/** `{owner}/{user}` for each id that names an archive of another id. */
const USERS = "archive-users";
const PAGE_SIZE = 200;
/** So many searches are cheaper than a list of all ids. */
const FEW = 4;

/** The revisions. Every method rejects with `StoreUnavailableError` if the database does not answer. */
export class RevisionHistory {
  readonly #records: RecordStore;
  readonly #clock: Pick<Clock, "now">;
  readonly #berth: string;
  readonly #turns = new KeyedMutex();
  /** Number of the latest revision of each id, as far as this process knows: another one may have noted more. */
  #heads: Promise<Map<string, number>> | undefined;
  /** Searches for the latest revision; for many bots at once, lists all ids instead. */
  readonly #search = batched<string, StoredRecord | undefined>({
    alone: async (id) => (await this.#list(id, { limit: 1 }))[0],
    together: async (ids) => {
      if (ids.length <= FEW) return undefined;
      const heads = await this.#listHeads();
      return await Promise.all(ids.map((id) => {
        const head = heads.get(id);
        return head === undefined ? undefined : this.#records.get(COLLECTION, revisionKey(id, head));
      }));
    },
  });

  /** @param records The database. @param clock The clock. @param berth Version of Berth. */
  constructor(records: RecordStore, clock: Pick<Clock, "now">, berth: string) {
    this.#records = records;
    this.#clock = clock;
    this.#berth = berth;
  }

  /**
   * Does work on a document while nobody else of this process notes changes of it.
   *
   * @param id Id of the bot or the schedule.
   * @param work Gets a function that notes a change.
   * @param options A signal.
   */
  hold<T>(
    id: string,
    work: (note: NoteChange) => Promise<T>,
    options: RepositoryCallOptions = {},
  ): Promise<T> {
    return this.#turns.run(id, () => work((change) => this.#note(id, change, options)));
  }

  /** Records a change. @param id The id. @param change The change. @param options A signal. */
  note(id: string, change: NotedChange, options: RepositoryCallOptions = {}): Promise<Revision | undefined> {
    return this.hold(id, (note) => note(change), options);
  }

  /** Reads the latest revision. @param id The id. @param options A signal. */
  async latest(id: string, options: RepositoryCallOptions = {}): Promise<Revision | undefined> {
    const latest = await this.#latest(id, options);
    return latest && readRevision(latest);
  }

  /** Reads a revision. @param id The id. @param number Its number. @param options A signal. */
  async get(id: string, number: number, options: RepositoryCallOptions = {}): Promise<Revision | undefined> {
    const record = await this.#records.get(COLLECTION, revisionKey(id, number), options);
    return record && readRevision(record);
  }

  /**
   * Lists revisions, the latest first.
   *
   * @param id The id.
   * @param options See {@linkcode ListRevisionsOptions}.
   */
  async list(
    id: string,
    { before, limit = MAX_REVISIONS, ...options }: ListRevisionsOptions = {},
  ): Promise<Revision[]> {
    return (await this.#list(id, { before, limit, ...options })).flatMap((one) => readRevision(one) ?? []);
  }

  /**
   * Forgets the documents of all but the latest revisions, and older revisions as a whole.
   *
   * @param id The id.
   * @param keep Number of revisions that keep their documents, at least 1.
   * @param options A signal.
   * @returns The revisions that keep their documents, the latest first.
   */
  async trim(id: string, keep: number, options: RepositoryCallOptions = {}): Promise<Revision[]> {
    return await this.#turns.run(id, async () => {
      const records = await this.#list(id, { ...options, limit: Number.MAX_SAFE_INTEGER });
      const kept: Revision[] = [];
      for (const [at, record] of records.entries()) {
        const revision = readRevision(record);
        const hasDocument = revision?.document !== undefined;
        if (hasDocument && kept.length < keep) kept.push(revision);
        else if (at >= MAX_REVISIONS) await this.#records.delete(COLLECTION, record.id, options);
        else if (hasDocument) {
          const { document: _document, ...facts } = record.value;
          await this.#records.replace(COLLECTION, record.id, record.revision, facts, options);
        }
      }
      return kept;
    });
  }

  /** Reads the revisions of all ids, in pages. @param options A signal. */
  async *all(options: RepositoryCallOptions = {}): AsyncGenerator<Revision> {
    let after: string | undefined;
    while (true) {
      const page = await this.#records.list(COLLECTION, {
        ...options,
        limit: PAGE_SIZE,
        ...(after !== undefined && { after }),
      });
      yield* page.flatMap((one) => readRevision(one) ?? []);
      if (page.length < PAGE_SIZE) return;
      after = page.at(-1)!.id;
    }
  }

  /**
   * Lists the ids that run, or ran, archives of another id.
   *
   * @param owner Id whose archives they are.
   * @param options A signal.
   */
  async usersOf(owner: string, options: RepositoryCallOptions = {}): Promise<string[]> {
    const prefix = `${owner}/`;
    const records = await this.#records.list(USERS, { ...options, prefix, limit: Number.MAX_SAFE_INTEGER });
    return records.map(({ id }) => id.slice(prefix.length));
  }

  /** Forgets all revisions of an id. @param id The id. @param options A signal. @returns Their number. */
  async forget(id: string, options: RepositoryCallOptions = {}): Promise<number> {
    return await this.#turns.run(id, async () => {
      const records = await this.#list(id, { ...options, limit: Number.MAX_SAFE_INTEGER });
      for (const record of records) {
        const owner = parseArchiveKey(readRevision(record)?.filePath ?? "")?.id;
        if (owner !== undefined && owner !== id) await this.#records.delete(USERS, `${owner}/${id}`, options);
        await this.#records.delete(COLLECTION, record.id, options);
      }
      return records.length;
    });
  }

  async #note(
    id: string,
    { document, ...change }: NotedChange,
    options: RepositoryCallOptions,
  ): Promise<Revision | undefined> {
    const contentHash = document ? contentHashOf(document) : "";
    for (;;) {
      const latest = await this.#latest(id, options);
      const before = latest && readRevision(latest);
      if (!isNews(before, { ...change, document }, contentHash)) return before;
      const text = document && documentText(document);
      const revision: Revision = {
        ...(document && factsOf(document)),
        ...change,
        number: latest ? numberOf(latest) + 1 : 1,
        at: new Date(this.#clock.now()),
        berth: this.#berth,
        contentHash,
        ...(text !== undefined && { document: text }),
      };
      const owner = revision.filePath === undefined ? undefined : parseArchiveKey(revision.filePath)?.id;
      // First, so that the archive is never without a user.
      if (owner !== undefined && owner !== id) {
        await this.#records.insert(USERS, `${owner}/${id}`, {}, options);
      }
      // Another process may note a change at the same time: one of the two gets the number.
      const key = revisionKey(id, revision.number);
      if (await this.#records.insert(COLLECTION, key, writeRevision(revision), options)) {
        (await this.#readHeads()).set(id, revision.number);
        return revision;
      }
    }
  }

  /** Reads two records by their ids where it can, because a search is slow on databases without an index for it. */
  async #latest(id: string, options: RepositoryCallOptions): Promise<StoredRecord | undefined> {
    const heads = await this.#readHeads();
    const head = heads.get(id);
    if (head !== undefined) {
      const [latest, next] = await Promise.all(
        [head, head + 1].map((number) => this.#records.get(COLLECTION, revisionKey(id, number), options)),
      );
      // Numbers have no gaps.
      if (latest && !next) return latest;
    }
    const latest = await abortable(this.#search(id), options.signal);
    if (latest) heads.set(id, numberOf(latest));
    else heads.delete(id);
    return latest;
  }

  #readHeads(): Promise<Map<string, number>> {
    const reading = this.#heads ??= this.#listHeads();
    reading.catch(() => this.#heads = undefined);
    return reading;
  }

  async #listHeads(): Promise<Map<string, number>> {
    const heads = new Map<string, number>();
    for (const key of await this.#records.ids(COLLECTION)) {
      const { id, number } = parseRevisionKey(key);
      heads.set(id, Math.max(number, heads.get(id) ?? 0));
    }
    return heads;
  }

  async #list(
    id: string,
    { before, limit, ...options }: RepositoryCallOptions & { before?: number | undefined; limit: number },
  ): Promise<StoredRecord[]> {
    return await this.#records.list(COLLECTION, {
      ...options,
      prefix: `${id}/`,
      descending: true,
      limit,
      ...(before !== undefined && { after: revisionKey(id, before) }),
    });
  }
}

/** Two removals are one, and what was removed as a bot may live on as a schedule. */
function isNews(before: Revision | undefined, { document, kind }: NotedChange, contentHash: string): boolean {
  if (!document) return before !== undefined && before.kind === kind && before.trigger !== "remove";
  return before?.contentHash !== contentHash || before.kind !== kind;
}

function numberOf({ id }: StoredRecord): number {
  return parseRevisionKey(id).number;
}
