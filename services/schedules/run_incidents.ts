/**
 * Opens and ends the incidents of each schedule's runs.
 *
 * @module
 */

import type { Clock } from "../../lib/util/clock.ts";
import type { Incident, IncidentKind, Incidents } from "../notifications/incidents.ts";
import { isOpenRun, type RunRecord, type RunRepository } from "./run_repository.ts";
import type { ScheduleState } from "./schedule_state.ts";

/** Dependencies of {@linkcode RunIncidents}. */
export interface RunIncidentsOptions {
  /** The state of the schedules. */
  readonly state: Pick<ScheduleState, "subscribe" | "subscribeChanges">;
  /** The ledger. */
  readonly runs: Pick<RunRepository, "page">;
  /** Notifies people. */
  readonly incidents: Incidents;
  /** Name of this scheduler. */
  readonly instance: string;
  /** The clock. */
  readonly clock: Clock;
}

const KINDS: readonly IncidentKind[] = ["run.failed", "run.timed_out", "run.missed"];
/** Age of ended runs that a new process checks again, in ms: its predecessor may have been killed before it reported them. */
const LOOK_BACK_MS = 3_600_000;
/** Age up to which the runs of slots are read, in ms: runs that take longer are rare. */
const LONGEST_RUN_MS = 24 * 3_600_000;
const MAX_LOOK_BACK = 1000;

/**
 * Judges a run that is over. Pure: no I/O, no clock.
 *
 * @param run Its record.
 * @returns The incident that it opens, `recovered` if it ends those that are open, or `undefined`.
 */
export function judgeRun(run: RunRecord): Incident | "recovered" | undefined {
  const { scheduleId: bot, slot, state, reason = "" } = run;
  const which = `Run of ${new Date(slot * 1000).toISOString().replace(".000Z", "Z")}: `;
  const text = `${which}${reason === "" ? "no reason is known" : reason}. See: berth run-log ${run.id}`;
  switch (state) {
    case "succeeded":
      return "recovered";
    case "failed":
      return { kind: "run.failed", bot, severity: "warning", title: "a run failed", text };
    case "timed-out":
      return { kind: "run.timed_out", bot, severity: "warning", title: "a run took too long", text };
    case "skipped":
      // A calendar that has ended needs a person. Other reasons are the schedule's own settings, or an operator's doing.
      if (!/^(missed|not started within|the calendar)\b/.test(reason)) return undefined;
      return {
        kind: "run.missed",
        bot,
        severity: "warning",
        title: "a run was missed",
        text: `${which}${reason}.`,
      };
    default:
      return undefined;
  }
}

/** Follows the runs. */
export class RunIncidents {
  readonly #options: RunIncidentsOptions;

  /** @param options See {@linkcode RunIncidentsOptions}. */
  constructor(options: RunIncidentsOptions) {
    this.#options = options;
  }

  /**
   * Checks the runs that ended just before, then follows until the signal is aborted.
   *
   * @param signal Ends it.
   * @returns Resolves at the end; never rejects.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { state, incidents } = this.#options;
    const seen = new Set<string>();
    const stops = [
      state.subscribe((run) => {
        if (isOpenRun(run)) return;
        seen.add(run.scheduleId);
        this.#judge(run);
      }),
      state.subscribeChanges(({ id, change }) => change === "deleted" && incidents.closeAll(id)),
    ];
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    // A database that does not answer now is not asked again: what comes is seen as it comes.
    await this.#lookBack(seen, signal).catch(() => {});
    if (!signal.aborted) await promise;
    for (const stop of stops) stop();
  }

  async #lookBack(seen: Set<string>, signal: AbortSignal): Promise<void> {
    const { runs, instance, clock } = this.#options;
    const since = clock.now() - LOOK_BACK_MS;
    const from = Math.floor((clock.now() - LONGEST_RUN_MS) / 1000);
    const page = await runs.page({ from, limit: MAX_LOOK_BACK, signal });
    const ended = page.runs.filter((run) =>
      run.instance === instance && !isOpenRun(run) && endOf(run) >= since
    );
    for (const run of ended.sort((a, b) => endOf(b) - endOf(a))) {
      // The run of a schedule that ended last says how it is.
      if (seen.has(run.scheduleId)) continue;
      seen.add(run.scheduleId);
      this.#judge(run);
    }
  }

  #judge(run: RunRecord): void {
    const { incidents } = this.#options;
    const verdict = judgeRun(run);
    if (verdict === undefined) return;
    if (verdict !== "recovered") return incidents.open(verdict);
    for (const kind of KINDS) {
      incidents.close({ kind, bot: run.scheduleId }, { text: `The run ${run.id} succeeded.` });
    }
  }
}

/** A run that was skipped has ended when that was noted. */
function endOf({ finishedAt, claimedAt }: RunRecord): number {
  return (finishedAt ?? claimedAt).getTime();
}
