/**
 * Claims slots in the ledger: a unique insert, so that exactly one scheduler has each.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import { isOrphaned } from "./orphaned_run.ts";
import { runId, type RunRecord, type RunRepository } from "./run_repository.ts";
import type { PlannedSlot } from "./schedule_plan.ts";

/** Parts of {@linkcode SlotClaims}. */
export interface SlotClaimsOptions {
  /** The ledger. */
  readonly runs: RunRepository;
  /** Name of this scheduler. */
  readonly instance: string;
  /** The clock. */
  readonly clock: Clock;
}

/** The claims of one scheduler. */
export class SlotClaims {
  readonly #options: SlotClaimsOptions;

  /** @param options See {@linkcode SlotClaimsOptions}. */
  constructor(options: SlotClaimsOptions) {
    this.#options = options;
  }

  /**
   * Claims slots, or records them as skipped.
   *
   * @param records Their records.
   * @param signal Aborts the call.
   * @returns Ids of the records that this scheduler has written. Another scheduler wrote the others earlier.
   * @throws {StoreUnavailableError} If the ledger does not answer.
   */
  async claim(records: readonly RunRecord[], signal: AbortSignal): Promise<ReadonlySet<string>> {
    return records.length > 0 ? await this.#options.runs.insert(records, { signal }) : new Set<string>();
  }

  /**
   * Claims a slot that somebody asked for.
   *
   * @param id The schedule.
   * @param planned The slot.
   * @param options The caller, and a signal.
   * @returns The record.
   * @throws {StoreUnavailableError} If the ledger does not answer.
   */
  async claimManual(
    id: string,
    planned: PlannedSlot,
    { requestedBy, signal }: { readonly requestedBy: string | undefined; readonly signal: AbortSignal },
  ): Promise<RunRecord> {
    for (let number = 1;; number++) {
      const record: RunRecord = {
        ...this.record(id, planned),
        id: runId(id, planned.slot, "manual", number),
        ...(requestedBy !== undefined && { requestedBy }),
      };
      // Another one was requested in the same second.
      if ((await this.#options.runs.insert([record], { signal })).has(record.id)) return record;
    }
  }

  /**
   * Reads the open runs whose scheduler is still there.
   *
   * @param signal Aborts the read.
   * @param scheduleId Only those of this schedule. @default {all}
   * @returns The runs by schedule.
   */
  async open(signal: AbortSignal, scheduleId?: string): Promise<Map<string, RunRecord[]>> {
    const { runs, instance, clock } = this.#options;
    const open = await runs.listOpen({ signal, ...(scheduleId !== undefined && { scheduleId }) });
    return Map.groupBy(
      open.filter((record) => !isOrphaned(record, instance, clock.now())),
      ({ scheduleId }) => scheduleId,
    );
  }

  /** Reads the latest slot of a schedule that has a record. @param id The schedule. @param signal Aborts the read. */
  async latestSlot(id: string, signal: AbortSignal): Promise<number | undefined> {
    return (await this.#options.runs.list(id, { limit: 1, signal }))[0]?.slot;
  }

  /** Writes the record of a slot. @param scheduleId The schedule. @param planned The slot. */
  record(scheduleId: string, { slot, trigger, state, reason }: PlannedSlot): RunRecord {
    const now = new Date(this.#options.clock.now());
    return {
      id: runId(scheduleId, slot, trigger),
      scheduleId,
      slot,
      trigger,
      state,
      ...(reason !== undefined && { reason }),
      instance: this.#options.instance,
      seenAt: now,
      claimedAt: now,
      attempt: 0,
    };
  }
}
