/**
 * Shows one schedule of a service on the terminal.
 *
 * @module
 */

import type { LogLine } from "../../lib/engine/container_orchestrator.ts";
import { describeExit } from "../../lib/runner/describe_exit.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import type { RunRecord } from "../../services/schedules/run_repository.ts";
import { printable, type Terminal } from "../output/terminal.ts";

/** Input of a {@linkcode ScheduleView}. */
export interface ScheduleViewOptions {
  /** Id of the schedule. */
  readonly id: string;
  /** The containers. */
  readonly runner: Pick<Runner, "getContainerLogs">;
  /** Shows the runs. */
  readonly terminal: Terminal;
  /** Prints one line of output. */
  readonly print: (name: string, line: LogLine) => void;
}

/** Shows the output of each run of a schedule, and how it ended. */
export class ScheduleView {
  readonly #options: ScheduleViewOptions;
  readonly #followed = new Map<string, Promise<void>>();
  #failures = 0;

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

  /** Shows what has changed of a run. @param record Its current record. */
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
    // Print the last lines before the end.
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

/** The container was removed, or the engine is gone: the record says so. */
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
