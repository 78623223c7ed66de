/**
 * The port to the ledger: one record for each slot of each schedule. It is the claim (an insert under a unique
 * key, so that only one scheduler makes it) and the history.
 *
 * @module
 */

import type { RepositoryCallOptions } from "../documents/bot_repository.ts";

/** Where a run is. `claimed` and `running` are open, the others final. */
export type RunState = "claimed" | "running" | "succeeded" | "failed" | "timed-out" | "skipped";

/** The states of a run that is not over. */
export const OPEN_STATES: readonly RunState[] = ["claimed", "running"];

/** Why there is a run: its slot came, its slot was missed and is caught up on, or somebody asked for it. */
export type RunTrigger = "schedule" | "catch-up" | "manual";

/** What became of a run's `result.json`. */
export type RunResultStatus = "stored" | "missing" | "too-large" | "not-a-file" | "invalid-json";

/** One slot of one schedule. */
export interface RunRecord {
  /** {@linkcode runId}. Unique. */
  readonly id: string;
  /** The schedule. */
  readonly scheduleId: string;
  /** Its slot, in Unix seconds. */
  readonly slot: number;
  /** Why it is run. */
  readonly trigger: RunTrigger;
  /** Where it is. */
  readonly state: RunState;
  /** Why it is in this state, in one line: why it was skipped, or what failed. */
  readonly reason?: string;
  /** Instance of the scheduler that claimed it, and that looks after it. */
  readonly instance: string;
  /** When that scheduler last said that it is there; a run whose scheduler is gone stays open no longer. */
  readonly seenAt: Date;
  /** When it was claimed, or recorded as skipped. */
  readonly claimedAt: Date;
  /** When its container was started; that of the last attempt. */
  readonly startedAt?: Date;
  /** When it ended, by the engine's clock. */
  readonly finishedAt?: Date;
  /** From the slot to the start of the container, in ms. */
  readonly startLagMs?: number;
  /** From start to exit, in ms, by the engine's clock. */
  readonly durationMs?: number;
  /** Exit code of the container: 128 + n for signal n. */
  readonly exitCode?: number;
  /** Version of the code, as its author calls it. */
  readonly version?: string;
  /** How many times it was tried, from 1 on; 0 before the first. */
  readonly attempt: number;
  /** Name of the container of the last attempt. */
  readonly containerName?: string;
  /** Key prefix of its log objects in the logs bucket, `logs/{scheduleId}/`. */
  readonly log?: string;
  /** What became of its result. */
  readonly resultStatus?: RunResultStatus;
  /** Key of its own result in the results bucket. */
  readonly result?: string;
}

type Changeable = Omit<RunRecord, "id" | "scheduleId" | "slot" | "trigger" | "claimedAt">;

/** What may change of a record. `null` takes away a field that may be absent; `undefined` leaves it as it is. */
export type RunChange = {
  readonly [K in keyof Changeable]?: Changeable[K] | (undefined extends Changeable[K] ? null : never);
};

/** How much history is kept of each schedule; whichever is less. */
export interface RunRetention {
  /** So many final records, those of the latest slots. */
  readonly maxRecords: number;
  /** Final records that were made ({@linkcode RunRecord.claimedAt}) not longer ago than this, in ms. */
  readonly maxAgeMs: number;
}

/** Options of {@linkcode RunRepository.update}. */
export interface UpdateRunOptions extends RepositoryCallOptions {
  /**
   * Only while this scheduler looks after the run, so that of two that take over a run, one is told that it did.
   *
   * @default whoever looks after it
   */
  readonly instance?: string;
}

/** Options of {@linkcode RunRepository.list}. */
export interface ListRunsOptions extends RepositoryCallOptions {
  /** At most so many. @default 100 */
  readonly limit?: number;
}

/**
 * The ledger. Every method rejects with `StoreUnavailableError` when the database does not answer: no answer is never an
 * empty answer. A record that cannot be read is left out, and the log tells of it; its slot stays claimed.
 */
export interface RunRepository extends AsyncDisposable {
  /** Prepares the database (indexes, tables). Harmless when that was done. */
  open(options?: RepositoryCallOptions): Promise<void>;
  /**
   * Inserts records, each unless there is one of its id already. This is the claim: of several schedulers that
   * insert the same id, exactly one is told that it did.
   *
   * @returns Ids of the records that were inserted by this call.
   */
  insert(records: readonly RunRecord[], options?: RepositoryCallOptions): Promise<ReadonlySet<string>>;
  /** One record, or `undefined` when there is none. */
  get(id: string, options?: RepositoryCallOptions): Promise<RunRecord | undefined>;
  /**
   * Changes a record, see {@linkcode changeRun}. Fields that are not named stay.
   *
   * @returns Whether there is such a record.
   */
  update(id: string, change: RunChange, options?: UpdateRunOptions): Promise<boolean>;
  /** Records of a schedule, the latest slot first. */
  list(scheduleId: string, options?: ListRunsOptions): Promise<RunRecord[]>;
  /** All open records (`claimed`, `running`) of every scheduler, or of one schedule, the earliest slot first. */
  listOpen(options?: RepositoryCallOptions & { readonly scheduleId?: string }): Promise<RunRecord[]>;
  /** Says that a scheduler is there: its open records are read with this `seenAt` from then on. */
  touch(instance: string, seenAt: Date, options?: RepositoryCallOptions): Promise<void>;
  /**
   * Removes final records of a schedule beyond what is kept. Open ones stay.
   *
   * @returns How many were removed.
   */
  trim(
    scheduleId: string,
    retention: RunRetention,
    now: Date,
    options?: RepositoryCallOptions,
  ): Promise<number>;
  /**
   * Removes final records of every schedule, also of those that are no more, that were made
   * ({@linkcode RunRecord.claimedAt}) before a time. Open ones stay.
   *
   * @returns How many were removed.
   */
  expire(before: Date, options?: RepositoryCallOptions): Promise<number>;
}

/**
 * The id of the record of a slot.
 *
 * @param scheduleId The schedule.
 * @param slot Its slot, in Unix seconds.
 * @param trigger A run that somebody asked for has an id of its own.
 */
export function runId(scheduleId: string, slot: number, trigger: RunTrigger = "schedule"): string {
  return `${scheduleId}@${slot}${trigger === "manual" ? "-manual" : ""}`;
}

/**
 * A record as it is after a change.
 *
 * @param record The record.
 * @param change What changes.
 */
export function changeRun(record: RunRecord, change: RunChange): RunRecord {
  const named = Object.entries(change).filter(([, value]) => value !== undefined);
  const fields = Object.entries({ ...record, ...Object.fromEntries(named) });
  return Object.fromEntries(fields.filter(([, value]) => value !== null)) as unknown as RunRecord;
}

/**
 * Whether a run is not over.
 *
 * @param record Its record.
 */
export function isOpenRun({ state }: Pick<RunRecord, "state">): boolean {
  return OPEN_STATES.includes(state);
}
