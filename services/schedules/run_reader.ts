/**
 * Parses stored records of the ledger.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { field, type Fields } from "../documents/document_fields.ts";
import { readRunFields } from "./run_fields.ts";
import type { RunRecord } from "./run_repository.ts";

/** Parses records, and logs each damaged one once. A damaged record affects no other. */
export class RunReader {
  readonly #log = getLogger(["berth", "schedules"]);
  readonly #reported = new Set<unknown>();

  /**
   * Parses one record.
   *
   * @param fields Its stored fields, with times as `Date` objects.
   * @returns The record, or `undefined` if it is damaged.
   */
  read(fields: Fields): RunRecord | undefined {
    const record = readRunFields(fields);
    const id = field(fields, "id");
    if (record === undefined && !this.#reported.has(id)) {
      this.#reported.add(id);
      this.#log.warn("a record of the ledger is damaged and left out; its slot stays claimed", { run: id });
    }
    return record;
  }

  /**
   * Parses several records.
   *
   * @param stored Their stored fields.
   * @returns The records that are not damaged.
   */
  readAll(stored: readonly Fields[]): RunRecord[] {
    return stored.map((fields) => this.read(fields)).filter((record) => record !== undefined);
  }
}
