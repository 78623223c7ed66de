/**
 * Notes of changes for the leader, in a database that several processes share without an event bus.
 *
 * @module
 */

import type { BotChange, EventOrder } from "../documents/bot_repository.ts";
import type { RecordStore } from "../records/record_store.ts";
import type { ChangeSource, FoundDeletions } from "./change_source.ts";

/** The subject of a note. */
export type NotedKind = "bots" | "schedules";

const COLLECTION = "changes";

/** Leaves notes, and reads them: each once, by the process that leads. */
export class NotedChanges implements ChangeSource {
  readonly #records: RecordStore;
  readonly #prefix: string;

  /**
   * @param records The database.
   * @param kind The subject of the notes.
   * @param instance The instance whose leader reads them: another one on this database has notes of its own.
   */
  constructor(records: RecordStore, kind: NotedKind, instance: string) {
    this.#records = records;
    this.#prefix = `${instance}/${kind}/`;
  }

  /**
   * Leaves a note of a change that is written.
   *
   * @param change The change. Its document is not noted: it is in the database.
   * @throws {StoreUnavailableError} If the database does not answer. The change is found without the note, later.
   */
  async note({ id, type, order }: BotChange): Promise<void> {
    await this.#records.insert(COLLECTION, `${this.#prefix}${crypto.randomUUID()}`, { id, type, order });
  }

  /** {@inheritDoc ChangeSource.poll} */
  async poll(): Promise<FoundDeletions> {
    const notes = await this.#records.list(COLLECTION, { prefix: this.#prefix });
    if (notes.length === 0) return undefined;
    // Before they are acted on: whoever ends in between is followed by a process that reads all documents.
    try {
      for (const { id } of notes) await this.#records.delete(COLLECTION, id);
    } catch {
      // Deleted records are found by nobody any more. The next poll gives the others again.
    }
    return notes.flatMap(({ value: { id, type, order } }) =>
      type === "deleted" ? [{ type, id: String(id), order: order as EventOrder }] : []
    );
  }
}
