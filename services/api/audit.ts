/**
 * Records who changed what through the API.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { BerthError, messageOf } from "../../lib/errors.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { orderedSuffix } from "../../lib/util/ordered_suffix.ts";
import type { AuditEntry } from "../contract/service.ts";
import { OPERATIONS } from "../contract/operations.ts";
import type { RecordStore, StoredRecord } from "../records/record_store.ts";
import { type AuditTrail, withTrail } from "./audit_trail.ts";
import type { Around } from "./operation_routes.ts";
import { statusOf } from "./problem_response.ts";

const COLLECTION = "audit";
/** How often old entries are removed, in ms; only while new ones come. */
const TRIM_MS = 3_600_000;
/** Entries that one page reads. */
const MAX_SCANNED = 20_000;
const BATCH = 500;

/** Which entries to list. */
export interface AuditQuery {
  /** Maximum number of entries. */
  readonly limit: number;
  /** Only entries before this one. */
  readonly cursor?: string | undefined;
  /** Only entries of this operation. */
  readonly operation?: string | undefined;
  /** Only entries of this subject. */
  readonly subject?: string | undefined;
  /** Only entries of this caller. */
  readonly who?: string | undefined;
  /** Only entries from this time on. */
  readonly from?: string | undefined;
  /** Only entries before this time. */
  readonly to?: string | undefined;
}

/** The audit. */
export class Audit {
  readonly #records: RecordStore;
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  readonly #log = getLogger(["berth", "audit"]);
  #trimmedAt = -Infinity;

  /** @param records The database. @param clock The clock. @param maxAgeMs How long entries are kept, in ms. */
  constructor(records: RecordStore, clock: Clock, maxAgeMs: number) {
    this.#records = records;
    this.#clock = clock;
    this.#maxAgeMs = maxAgeMs;
  }

  /** Writes an entry for each request that may write, once its outcome is known. */
  readonly around: Around = async (operation, { caller, params }, next) => {
    if (OPERATIONS[operation].method === "GET") return await next();
    const trail: AuditTrail = {};
    const [subject] = Object.values(params ?? {});
    if (subject !== undefined) trail.subject = String(subject);
    const entry = { who: caller.name, from: caller.from, operation };
    try {
      const answer = await withTrail(trail, { operation, who: caller.name }, next);
      const status = answer.status ?? (answer.body === undefined ? 204 : 200);
      await this.#write({ ...entry, ...trail, status });
      return answer;
    } catch (error) {
      const code = error instanceof BerthError ? error.code : "internal";
      await this.#write({ ...entry, ...trail, status: statusOf(error), code });
      throw error;
    }
  };

  /**
   * Lists entries, the latest first.
   *
   * @param query Which.
   * @returns The entries, and the cursor of the next page, if there is one.
   */
  async list({ limit, cursor, from, to, ...wanted }: AuditQuery): Promise<
    { entries: AuditEntry[]; next?: string }
  > {
    const entries: AuditEntry[] = [];
    const first = from === undefined ? "" : idAt(Date.parse(from));
    let after = [cursor, to && idAt(Date.parse(to))].filter(Boolean).sort()[0];
    for (let scanned = 0; scanned < MAX_SCANNED; scanned += BATCH) {
      const batch = await this.#records.list(COLLECTION, {
        descending: true,
        limit: BATCH,
        ...(after !== undefined && { after }),
      });
      for (const record of batch) {
        if (record.id < first) return { entries };
        const entry = toEntry(record);
        if (!matches(entry, wanted)) continue;
        if (entries.length === limit) return { entries, next: entries.at(-1)!.id };
        entries.push(entry);
      }
      if (batch.length < BATCH) return { entries };
      after = batch.at(-1)!.id;
    }
    return { entries, next: after! };
  }

  async #write(entry: Omit<AuditEntry, "id" | "at">): Promise<void> {
    const now = this.#clock.now();
    const id = `${idAt(now)}-${orderedSuffix()}`;
    try {
      await this.#records.insert(COLLECTION, id, { ...entry, at: new Date(now).toISOString() });
      if (now - this.#trimmedAt < TRIM_MS) return;
      this.#trimmedAt = now;
      await this.#records.deleteBefore(COLLECTION, idAt(now - this.#maxAgeMs));
    } catch (error) {
      // The change is made; it is not undone because its entry cannot be kept.
      this.#log.warn("audit entry not stored", { ...entry, problem: messageOf(error) });
    }
  }
}

/** Ids in the order of time. */
function idAt(ms: number): string {
  return new Date(ms).toISOString().replace(/[-:.]/g, "");
}

function toEntry({ id, value }: StoredRecord): AuditEntry {
  return { ...value, id } as AuditEntry;
}

function matches(entry: AuditEntry, wanted: Pick<AuditQuery, "operation" | "subject" | "who">): boolean {
  const names = ["operation", "subject", "who"] as const;
  return names.every((name) => wanted[name] === undefined || entry[name] === wanted[name]);
}
