/**
 * A file for latches that the database has not taken yet, so that they outlive the process.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { dirname } from "node:path";
import { messageOf } from "../../lib/errors.ts";
import { syncToDisk, writeToDisk } from "../../lib/util/durable_file.ts";
import { unlessMissing } from "../../lib/util/files.ts";
import { isObject } from "../documents/document_fields.ts";
import { fromLatchRecord, type Latch, latchId, toLatchRecord } from "./latch.ts";

/** Keeps latches in a file. There is none while the database has everything. */
export class UnstoredLatches {
  readonly #path: string | undefined;
  #isThere = false;
  #writes: Promise<boolean> = Promise.resolve(true);
  readonly #log = getLogger(["berth", "guards"]);

  /** @param path Absolute path of the file; absent if none is kept. */
  constructor(path: string | undefined) {
    this.#path = path;
  }

  /**
   * Reads what an earlier process has kept.
   *
   * @throws {Error} If the file cannot be read: nobody knows then which bots must not be started.
   */
  async read(): Promise<Latch[]> {
    if (this.#path === undefined) return [];
    try {
      const text = await unlessMissing(Deno.readTextFile(this.#path));
      this.#isThere = text !== undefined;
      if (text === undefined) return [];
      const records: unknown = JSON.parse(text);
      if (!isObject(records)) throw new Error("it must be a JSON object");
      return Object.entries(records).map(([id, latch]) =>
        fromLatchRecord({ id, revision: 1, value: { latch } }).latch
      );
    } catch (error) {
      throw new Error(
        `${this.#path} cannot be read: ${
          messageOf(error)
        }; it names bots that guards have stopped: repair it, ` +
          "or remove it if no bot has to stay stopped",
        { cause: error },
      );
    }
  }

  /**
   * Replaces what is kept.
   *
   * @param latches All latches that the database lacks.
   * @returns Whether they are on the disk; never rejects.
   */
  keep(latches: readonly Latch[]): Promise<boolean> {
    return this.#writes = this.#writes.then(() => this.#write(latches));
  }

  async #write(latches: readonly Latch[]): Promise<boolean> {
    const path = this.#path;
    if (path === undefined) return false;
    if (latches.length === 0 && !this.#isThere) return true;
    try {
      if (latches.length === 0) await unlessMissing(Deno.remove(path));
      else {
        await Deno.mkdir(dirname(path), { recursive: true });
        await writeSynced(path, latches);
      }
      this.#isThere = latches.length > 0;
      return true;
    } catch (error) {
      this.#log.error("latches not written to the disk", { path, problem: messageOf(error) });
      return false;
    }
  }
}

/** A power cut leaves either the old file or the new one. */
async function writeSynced(path: string, latches: readonly Latch[]): Promise<void> {
  const records = latches.map((latch) => [latchId(latch), toLatchRecord({ latch }).latch]);
  const part = `${path}.part`;
  await unlessMissing(Deno.remove(part));
  await writeToDisk(part, new TextEncoder().encode(JSON.stringify(Object.fromEntries(records))));
  await Deno.rename(part, path);
  await syncToDisk(dirname(path));
}
