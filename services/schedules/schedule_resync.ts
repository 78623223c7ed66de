/**
 * Finds changes of schedules that no event announced.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../lib/util/clock.ts";
import type { StoredBot } from "../documents/bot_repository.ts";
import type { ScheduleReconciler } from "./schedule_reconciler.ts";
import { readExecutionTime, type ScheduleRepository } from "./schedule_repository.ts";
import type { ScheduleState } from "./schedule_state.ts";

/** How many documents are handled before other work gets its turn. */
const BATCH_SIZE = 200;

/** Parts of a {@linkcode ScheduleResync}. */
export interface ScheduleResyncOptions {
  /** The documents. */
  readonly repository: ScheduleRepository;
  /** Checks them. */
  readonly reconciler: ScheduleReconciler;
  /** The state of the schedules. */
  readonly state: ScheduleState;
  /** Called for a document that is no longer there. */
  readonly onGone: (key: string) => void;
  /** The clock. */
  readonly clock: Clock;
}

/** Reads all documents at intervals, and calls for a check of those that have changed. */
export class ScheduleResync {
  readonly #options: ScheduleResyncOptions;
  /** Per document, its fingerprint at the last check. */
  readonly #seen = new Map<string, string>();

  /** @param options See {@linkcode ScheduleResyncOptions}. */
  constructor(options: ScheduleResyncOptions) {
    this.#options = options;
  }

  /** Makes the next read check all documents. */
  forgetChecks(): void {
    for (const key of this.#seen.keys()) this.#seen.set(key, "");
  }

  /**
   * Reads all documents and checks those that have changed. The index already covers due schedules.
   *
   * @param signal Aborts the read.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async read(signal: AbortSignal): Promise<void> {
    const { repository, reconciler, state, onGone, clock } = this.#options;
    const documents = await repository.list({ signal });
    const changed = documents.filter((stored) => this.#seen.get(stored.key) !== fingerprint(stored));
    const now = clock.now() / 1000;
    for (let at = 0; at < changed.length; at += BATCH_SIZE) {
      const batch = changed.slice(at, at + BATCH_SIZE);
      const later = batch.map(withTime).filter(({ nextExecutionTime }) => (nextExecutionTime ?? 0) > now);
      await reconciler.reconcile(later, signal);
      for (const stored of batch) this.#seen.set(stored.key, fingerprint(stored));
      await setImmediate();
    }
    const keys = new Set(documents.map(({ key }) => key));
    for (const id of state.ids()) if (!keys.has(id)) reconciler.forget(id);
    for (const key of this.#seen.keys()) {
      if (keys.has(key)) continue;
      this.#seen.delete(key);
      onGone(key);
    }
  }
}

/** Identifies the content of a document without its time. */
function fingerprint({ document }: StoredBot): string {
  const { next_execution_time: _time, ...rest } = document;
  const text = JSON.stringify(rest, (_key, value) => typeof value === "bigint" ? `${value}n` : value);
  return createHash("md5").update(text).digest("base64");
}

function withTime({ key, document }: StoredBot) {
  const nextExecutionTime = readExecutionTime(document.next_execution_time);
  return { key, document, ...(nextExecutionTime !== undefined && { nextExecutionTime }) };
}
