/**
 * Port for the ledger: one record per slot of each schedule. A record is both the claim (its unique key lets
 * only one scheduler insert it) and the history.
 *
 * @module
 */

import type { RepositoryCallOptions } from "../documents/bot_repository.ts";

/** State of a run. `claimed` and `running` are open, the others final. */
export type RunState = "claimed" | "running" | "succeeded" | "failed" | "timed-out" | "skipped";

/** The states of an open run. */
export const OPEN_STATES: readonly RunState[] = ["claimed", "running"];

/** Cause of a run: its slot came, its slot was missed and is caught up on, or somebody requested it. */
export type RunTrigger = "schedule" | "catch-up" | "manual";

/** Cause of an attempt: that of the run, or `retry` from the second attempt on. */
export type ShownTrigger = RunTrigger | "retry";

/** Outcome of storing a run's `result.json`. */
export type RunResultStatus = "stored" | "missing" | "too-large" | "not-a-file" | "invalid-json";

/** One slot of one schedule. */
export interface RunRecord {
  /** Unique id, see {@linkcode runId}. */
  readonly id: string;
  /** Id of the schedule. */
  readonly scheduleId: string;
  /** Its slot, in Unix seconds. */
  readonly slot: number;
  /** Cause of the run. It stays when a failed run is retried: see {@linkcode shownTrigger}. */
  readonly trigger: RunTrigger;
  /** Name of the caller who requested a manual run; absent if nobody did, or the caller gave no name. */
  readonly requestedBy?: string;
  /** State of the run. */
  readonly state: RunState;
  /** Reason for the state in one line: why the run was skipped, or what failed. */
  readonly reason?: string;
  /** Instance of the scheduler that claimed the run and manages it. */
  readonly instance: string;
  /**
   * Time of that scheduler's last heartbeat. Other schedulers close the open runs of a scheduler that is
   * gone.
   */
  readonly seenAt: Date;
  /** When the run was claimed, or recorded as skipped. */
  readonly claimedAt: Date;
  /** When the container of the last attempt was started. */
  readonly startedAt?: Date;
  /** When the run ended, by the engine's clock. */
  readonly finishedAt?: Date;
  /** Time from the slot to the start of the container, in ms. */
  readonly startLagMs?: number;
  /** Time from start to exit in ms, by the engine's clock. */
  readonly durationMs?: number;
  /** Exit code of the container: 128 + n for signal n. */
  readonly exitCode?: number;
  /** Version of the code, as given by its author. */
  readonly version?: string;
  /** Number of the schedule's revision that the last attempt was started from; absent if it was not noted. */
  readonly revision?: number;
  /** SHA-256 of the archive of that revision. */
  readonly archiveSha256?: string;
  /** Keys of what was built for its code, separated by spaces. */
  readonly dependencies?: string;
  /** Its pinned image. */
  readonly image?: string;
  /** Hash of its configuration. */
  readonly configHash?: string;
  /** Version of Berth that started the last attempt. */
  readonly berth?: string;
  /** Number of attempts; 0 before the first. */
  readonly attempt: number;
  /** Name of the container of the last attempt. */
  readonly containerName?: string;
  /** Key prefix of its log objects in the logs bucket, `logs/{scheduleId}/`. */
  readonly log?: string;
  /** Outcome of storing the result. */
  readonly resultStatus?: RunResultStatus;
  /** Key of the run's own result in the results bucket. */
  readonly result?: string;
}

type Changeable = Omit<RunRecord, "id" | "scheduleId" | "slot" | "trigger" | "requestedBy" | "claimedAt">;

/** A change of a record. `null` removes an optional field; `undefined` leaves it unchanged. */
export type RunChange = {
  readonly [K in keyof Changeable]?: Changeable[K] | (undefined extends Changeable[K] ? null : never);
};

/** How much history each schedule keeps; both limits apply. */
export interface RunRetention {
  /** Maximum number of final records. Those of the latest slots are kept. */
  readonly maxRecords: number;
  /** Maximum age of final records since {@linkcode RunRecord.claimedAt}, in ms. */
  readonly maxAgeMs: number;
}

/** Options of {@linkcode RunRepository.update}. */
export interface UpdateRunOptions extends RepositoryCallOptions {
  /**
   * Changes the record only while this scheduler manages the run. If two schedulers take over a run, only one
   * succeeds.
   *
   * @default any scheduler
   */
  readonly instance?: string;
}

/** Options of {@linkcode RunRepository.list}. */
export interface ListRunsOptions extends RepositoryCallOptions {
  /** Maximum number of records. @default 100 */
  readonly limit?: number;
}

/** The place of a record in the order of {@linkcode RunRepository.page}. */
export type RunPlace = Pick<RunRecord, "slot" | "id">;

/** Which records {@linkcode RunRepository.page} reads. */
export interface PageRunsOptions extends RepositoryCallOptions {
  /** Only runs of this schedule. @default all */
  readonly scheduleId?: string;
  /** Only runs in this state. @default all */
  readonly state?: RunState;
  /** Only runs with this trigger, as {@linkcode shownTrigger} gives it. @default all */
  readonly trigger?: ShownTrigger;
  /** Only runs of slots at or after this time, in Unix seconds. @default all */
  readonly from?: number;
  /** Only runs of slots before this time, in Unix seconds. @default all */
  readonly to?: number;
  /** Only runs that follow this one in the order of the pages. @default all */
  readonly after?: RunPlace;
  /** Maximum number of records. @default 100 */
  readonly limit?: number;
}

/** One page of records. */
export interface RunPage {
  /** The records, the latest slot first. */
  readonly runs: readonly RunRecord[];
  /** The last of them, if more may follow. */
  readonly next?: RunPlace;
}

/**
 * The ledger. Every method rejects with `StoreUnavailableError` if the database does not answer: no answer is
 * never an empty answer. Unreadable records are left out and logged; their slots stay claimed.
 */
export interface RunRepository extends AsyncDisposable {
  /** Prepares indexes and tables. Does nothing if they exist. */
  open(options?: RepositoryCallOptions): Promise<void>;
  /**
   * Inserts the records whose ids do not exist. This is the claim: if several schedulers insert the same id,
   * exactly one gets it in its result.
   *
   * @returns Ids of the records that this call inserted.
   */
  insert(records: readonly RunRecord[], options?: RepositoryCallOptions): Promise<ReadonlySet<string>>;
  /** Reads one record; `undefined` if there is none. */
  get(id: string, options?: RepositoryCallOptions): Promise<RunRecord | undefined>;
  /**
   * Changes a record, see {@linkcode changeRun}. Other fields stay unchanged.
   *
   * @returns Whether the record exists.
   */
  update(id: string, change: RunChange, options?: UpdateRunOptions): Promise<boolean>;
  /** Lists records of a schedule, the latest slot first. */
  list(scheduleId: string, options?: ListRunsOptions): Promise<RunRecord[]>;
  /**
   * Reads a page of the records of all schedules, or of one: the latest slot first, and of one slot the largest id.
   */
  page(options?: PageRunsOptions): Promise<RunPage>;
  /** Lists the open records of every scheduler, or of one schedule, the earliest slot first. */
  listOpen(options?: RepositoryCallOptions & { readonly scheduleId?: string }): Promise<RunRecord[]>;
  /** Records a scheduler's heartbeat. Its open records are read with this `seenAt` from then on. */
  touch(instance: string, seenAt: Date, options?: RepositoryCallOptions): Promise<void>;
  /**
   * Removes final records of a schedule beyond the limits. Open ones stay.
   *
   * @returns Number of removed records.
   */
  trim(
    scheduleId: string,
    retention: RunRetention,
    now: Date,
    options?: RepositoryCallOptions,
  ): Promise<number>;
  /**
   * Removes final records of all schedules, even deleted ones, that were claimed before a time
   * ({@linkcode RunRecord.claimedAt}). Open ones stay.
   *
   * @returns Number of removed records.
   */
  expire(before: Date, options?: RepositoryCallOptions): Promise<number>;
}

/**
 * Returns the id of the record of a slot.
 *
 * @param scheduleId The schedule.
 * @param slot The slot, in Unix seconds.
 * @param trigger Cause of the run; a manual run has an id of its own.
 * @param number Number of the manual run among those of the same second, from 1.
 */
export function runId(
  scheduleId: string,
  slot: number,
  trigger: RunTrigger = "schedule",
  number: number = 1,
): string {
  return `${scheduleId}@${slot}${trigger === "manual" ? "-manual" : ""}${number > 1 ? `-${number}` : ""}`;
}

/**
 * Names the cause of a run's latest attempt.
 *
 * @param record The run.
 * @returns `retry` from the second attempt on, else the cause of the run.
 */
export function shownTrigger({ trigger, attempt }: Pick<RunRecord, "trigger" | "attempt">): ShownTrigger {
  return attempt > 1 ? "retry" : trigger;
}

/**
 * Applies a change to a record.
 *
 * @param record The record.
 * @param change The change.
 * @returns The changed record.
 */
export function changeRun(record: RunRecord, change: RunChange): RunRecord {
  const named = Object.entries(change).filter(([, value]) => value !== undefined);
  const fields = Object.entries({ ...record, ...Object.fromEntries(named) });
  return Object.fromEntries(fields.filter(([, value]) => value !== null)) as unknown as RunRecord;
}

/**
 * Makes a page of records.
 *
 * @param runs The records, in the order of the pages.
 * @param hasMore Whether others follow in the database.
 */
export function toRunPage(runs: readonly RunRecord[], hasMore: boolean): RunPage {
  const last = runs.at(-1);
  return { runs, ...(hasMore && last && { next: { slot: last.slot, id: last.id } }) };
}

/** Whether a run is open. @param record Its record. */
export function isOpenRun({ state }: Pick<RunRecord, "state">): boolean {
  return OPEN_STATES.includes(state);
}
