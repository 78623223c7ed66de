/**
 * Reads the input of one pass over a run: its record, its schedule, its containers, and other open runs.
 *
 * @module
 */

import type { DocumentRules } from "../documents/bot_document.ts";
import type { ManagedContainer, Runner } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { type Moment, momentOf } from "../../lib/util/moment.ts";
import { slotLabel } from "./run_names.ts";
import type { FailedRunStart, RunSchedule, RunSituation } from "./run_plan.ts";
import type { RunRecord, RunRepository } from "./run_repository.ts";
import { isOrphaned } from "./orphaned_run.ts";
import { type ParsedScheduleDocument, parseScheduleDocument } from "./schedule_document.ts";
import type { ScheduleRepository } from "./schedule_repository.ts";

/** Sources of a pass. */
export interface RunPassSources extends DocumentRules {
  /** The ledger. */
  readonly runs: RunRepository;
  /** The documents. */
  readonly repository: Pick<ScheduleRepository, "get">;
  /** The containers. */
  readonly runner: Runner;
  /** Name of this scheduler. */
  readonly instance: string;
  /** The clock. */
  readonly clock: Clock;
}

/** A run that was claimed just now, so that a pass need not read what is known. */
export interface FreshRun {
  /** Its record as inserted. */
  readonly record: RunRecord;
  /** Its schedule's document. */
  readonly document: ParsedScheduleDocument;
  /** The other open runs of its schedule after the claim; absent if not known. */
  readonly others?: readonly RunRecord[];
  /** A moment before the claim. */
  readonly knownAt: Moment;
}

/** Everything that one pass over a run has read. */
export interface RunPass {
  /** The record. The pass updates it. */
  record: RunRecord;
  /** The schedule's document; `undefined` if there is none. */
  readonly document: ParsedScheduleDocument | undefined;
  /** The containers of the run's attempts. */
  readonly containers: readonly ManagedContainer[];
  /** The other open runs of the schedule that may affect this one, without orphaned runs. */
  readonly others: readonly RunRecord[];
  /** A moment before the record was read, at which the run belonged to this scheduler. */
  readonly knownAt: Moment;
  /** Aborts the pass. */
  readonly signal: AbortSignal;
}

/**
 * Reads the input of a pass.
 *
 * @param sources The sources.
 * @param id Id of the run.
 * @param fresh The facts about a run that was claimed just now.
 * @param signal Aborts the reading, and the pass.
 * @returns `undefined` if the record does not exist or belongs to another scheduler.
 * @throws {BerthError} If the ledger, the documents or the engine do not answer.
 */
export async function readRunPass(
  sources: RunPassSources,
  id: string,
  fresh: FreshRun | undefined,
  signal: AbortSignal,
): Promise<RunPass | undefined> {
  const { runs, repository, instance, clock } = sources;
  const knownAt = fresh?.knownAt ?? momentOf(clock);
  const record = fresh?.record ?? await runs.get(id, { signal });
  if (!record || record.instance !== instance) return undefined;
  const { scheduleId } = record;
  const [stored, containers] = await Promise.all([
    fresh ? undefined : repository.get(scheduleId, { signal }),
    fresh ? [] : containersOf(record, sources, signal),
  ]);
  const document = fresh?.document ?? (stored && parseScheduleDocument(stored, scheduleId, sources));
  const others = fresh?.others ?? await othersOf(record, document, sources, signal);
  return { record, document, containers, others, knownAt, signal };
}

/**
 * Returns the input of the plan.
 *
 * @param pass The input of the pass.
 * @param failedStart The run's last start, if it failed.
 * @param now Current time in ms since the epoch.
 */
export function runSituation(
  { record, document, containers, others }: RunPass,
  failedStart: FailedRunStart | undefined,
  now: number,
): RunSituation {
  const schedule: RunSchedule = !document
    ? { kind: "gone" }
    : document.status === "invalid"
    ? { kind: "invalid", reason: document.reason }
    : { kind: "valid", enabled: document.enabled, settings: document.settings };
  return { record, containers, schedule, others, ...(failedStart && { failedStart }), now };
}

/** Reads the other open runs that may affect this one. */
async function othersOf(
  { id, scheduleId, state }: RunRecord,
  document: ParsedScheduleDocument | undefined,
  { runs, instance, clock }: RunPassSources,
  signal: AbortSignal,
): Promise<RunRecord[]> {
  if (document?.status !== "valid") return [];
  const { concurrencyPolicy } = document.settings;
  if (concurrencyPolicy === "Allow" || (concurrencyPolicy === "Forbid" && state !== "claimed")) return [];
  const open = await runs.listOpen({ scheduleId, signal });
  return open.filter((other) => other.id !== id && !isOrphaned(other, instance, clock.now()));
}

/**
 * Lists containers of the last attempt and of the next one, whose start may have been cut off before it was
 * recorded.
 */
async function containersOf(
  record: RunRecord,
  { runner }: RunPassSources,
  signal: AbortSignal,
): Promise<ManagedContainer[]> {
  const attempts = [record.attempt, record.attempt + 1].filter((attempt) => attempt > 0);
  const slots = attempts.map((attempt) => slotLabel(record, attempt));
  const found = await runner.findContainers("run", record.scheduleId, { slots, signal });
  return found.filter(({ isForeign }) => !isForeign);
}
