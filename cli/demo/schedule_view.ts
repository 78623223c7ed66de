/**
 * What a terminal shows of one schedule that a service runs.
 *
 * @module
 */

import type { LogLine } from "../../lib/engine/container_orchestrator.ts";
import { describeExit } from "../../lib/runner/describe_exit.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import type { RunRecord } from "../../services/schedules/run_repository.ts";
import { printable, type Terminal } from "../output/terminal.ts";

/** What a {@linkcode ScheduleView} needs. */
export interface ScheduleViewOptions {
  /** Id of the schedule. */
  readonly id: string;
  /** The containers. */
  readonly runner: Pick<Runner, "getContainerLogs">;
  /** Where its runs go. */
  readonly terminal: Terminal;
  /** Prints one of its lines. */
  readonly print: (name: string, line: LogLine) => void;
}

/** Shows the lines of each run of a schedule, and how it ended. */
export class ScheduleView {
  readonly #options: ScheduleViewOptions;
  readonly #followed = new Map<string, Promise<void>>();
  #failures = 0;

  /** Makes one; nothing is shown yet. */
  constructor(options: ScheduleViewOptions) {
    this.#options = options;
  }

  /** Id of the schedule. */
  get id(): string {
    return this.#options.id;
  }

  /** Whether no run has failed. */
  get didWell(): boolean {
    return this.#failures === 0;
  }

  /**
   * Shows what has changed of a run.
   *
   * @param record Its record as it is now.
   */
  show(record: RunRecord): void {
    const { containerName, state } = record;
    if (state === "claimed") return;
    if (state === "running") {
      if (containerName === undefined || this.#followed.has(containerName)) return;
      this.#followed.set(containerName, this.#printLines(containerName));
      return;
    }
    if (state === "failed" || state === "timed-out") this.#failures++;
    const { id, terminal } = this.#options;
    const lines = this.#followed.get(containerName ?? "") ?? Promise.resolve();
    // The last lines come before the word that it has ended.
    this.#followed.set(
      record.id,
      lines.then(() => terminal.note(printable(`${id}: ${describeRun(record)}`))),
    );
  }

  /** Waits until everything is printed. */
  async end(): Promise<void> {
    await Promise.all(this.#followed.values());
  }

  async #printLines(container: string): Promise<void> {
    const { id, runner, print } = this.#options;
    try {
      for await (const line of runner.getContainerLogs(container, { follow: true })) print(id, line);
    } catch {
      // It was removed meanwhile, or the engine went away: its record says so.
    }
  }
}

/**
 * Writes the record of a run as one line.
 *
 * @param record The record.
 * @returns For example `slot 12:34:00 succeeded, started 0.31 s after it, took 0.62 s, exit code 0`.
 */
export function describeRun(record: RunRecord): string {
  const { slot, state, startLagMs, durationMs, exitCode, reason } = record;
  const time = new Date(slot * 1000).toISOString().slice(11, 19);
  return [
    `slot ${time} ${state}`,
    ...(startLagMs === undefined ? [] : [`started ${seconds(startLagMs)} after it`]),
    ...(durationMs === undefined ? [] : [`took ${seconds(durationMs)}`]),
    ...(exitCode === undefined ? [] : [describeExit({ exitCode })]),
    ...(reason ? [reason] : []),
  ].join(", ");
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
