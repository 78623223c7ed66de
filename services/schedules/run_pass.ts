/**
 * What a pass over a run works with: its record, its schedule's document, its containers, and what else is open.
 *
 * @module
 */

import type { ManagedContainer, Runner } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { type Moment, momentOf } from "../../lib/util/moment.ts";
import { slotLabel } from "./run_names.ts";
import type { FailedRunStart, RunSchedule, RunSituation } from "./run_plan.ts";
import type { RunRecord, RunRepository } from "./run_repository.ts";
import { isOrphaned } from "./run_scheduler.ts";
import { type ParsedScheduleDocument, parseScheduleDocument } from "./schedule_document.ts";
import type { ScheduleRepository } from "./schedule_repository.ts";

/** What is asked about a run. */
export interface RunPassSources {
  /** The ledger. */
  readonly runs: RunRepository;
  /** The documents. */
  readonly repository: Pick<ScheduleRepository, "get">;
  /** The containers. */
  readonly runner: Runner;
  /** The name of this scheduler. */
  readonly instance: string;
  /** The time. */
  readonly clock: Clock;
}

/** A run that was claimed just now: nobody has to be asked about it. */
export interface FreshRun {
  /** Its record, as it was inserted. */
  readonly record: RunRecord;
  /** Its schedule's document. */
  readonly document: ParsedScheduleDocument;
  /** The other open runs of its schedule, as they were after the claim; absent: not known. */
  readonly others?: readonly RunRecord[];
  /** A moment before the claim. */
  readonly knownAt: Moment;
}

/** What was read for one pass over a run. */
export interface RunPass {
  /** Its record, which a pass changes. */
  record: RunRecord;
  /** Its schedule's document; `undefined` when there is none. */
  readonly document: ParsedScheduleDocument | undefined;
  /** Containers of its attempts. */
  readonly containers: readonly ManagedContainer[];
  /** The other open runs of its schedule, where they may make a difference, but for those whose scheduler is gone. */
  readonly others: readonly RunRecord[];
  /** A moment before the record was read: the run is known to have been this scheduler's then. */
  readonly knownAt: Moment;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/**
 * Reads what a pass needs.
 *
 * @param sources Who is asked.
 * @param id Id of the run.
 * @param fresh What is known of a run that was claimed just now.
 * @param signal Gives up, also what the pass does.
 * @returns `undefined` when there is no such record, or another scheduler looks after it.
 * @throws what keeps ledger, documents or engine from answering.
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
  const document = fresh?.document ?? (stored && parseScheduleDocument(stored, scheduleId));
  const others = fresh?.others ?? await othersOf(record, document, sources, signal);
  return { record, document, containers, others, knownAt, signal };
}

/**
 * What the plan is made from.
 *
 * @param pass What was read.
 * @param failedStart The run's last start, if that failed.
 * @param now The time, in ms since the epoch.
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

/** Those that may make a difference. */
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

/** Of its last attempt, and of the one that follows: a start may have been cut off before it was recorded. */
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
