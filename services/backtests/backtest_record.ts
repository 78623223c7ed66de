/**
 * Records of backtests: the queue and the history at once.
 *
 * @module
 */

import { type Executable, parseExecutable } from "../../lib/executable/executable.ts";

/** States of a backtest. `queued` and `running` are open, the others final. */
export const BACKTEST_STATES = ["queued", "running", "succeeded", "failed", "cancelled"] as const;

/** State of a backtest. */
export type BacktestState = (typeof BACKTEST_STATES)[number];

/** One backtest. */
export interface BacktestRecord {
  /** Unique id, which begins with the time of the request. Also the slot of its container, and the mark of its lines. */
  readonly id: string;
  /** The program to run. */
  readonly executable: Executable;
  /** State of the backtest. */
  readonly state: BacktestState;
  /** Reason for the state in one line. */
  readonly reason?: string;
  /** Name of the caller who requested it. */
  readonly requestedBy: string;
  /** Name of the caller who cancelled it; it may still be running. */
  readonly cancelledBy?: string;
  /** Instance of the service that runs it; absent while it is queued. */
  readonly instance?: string;
  /** When that service last gave a sign of life. */
  readonly seenAt?: Date;
  /** When it was requested. */
  readonly queuedAt: Date;
  /** When a service took it out of the queue. */
  readonly claimedAt?: Date;
  /** When its container was started. */
  readonly startedAt?: Date;
  /** When it ended. */
  readonly finishedAt?: Date;
  /** Time from start to exit in ms. */
  readonly durationMs?: number;
  /** Exit code of its container: 128 + n for signal n. */
  readonly exitCode?: number;
  /** Name of its container. */
  readonly containerName?: string;
  /** Outcome of storing the result. */
  readonly resultStatus?: string;
  /** Key of its result in the results bucket. */
  readonly result?: string;
}

const DATES = ["seenAt", "queuedAt", "claimedAt", "startedAt", "finishedAt"] as const;
const TEXTS = ["reason", "cancelledBy", "instance", "containerName", "resultStatus", "result"] as const;
const NUMBERS = ["durationMs", "exitCode"] as const;

/** Whether a backtest is open. @param record The backtest. */
export function isOpenBacktest({ state }: Pick<BacktestRecord, "state">): boolean {
  return state === "queued" || state === "running";
}

/**
 * Makes an id: ids sort by the time of the request, and those of the same millisecond by their suffix.
 *
 * @param now Current time in ms since the epoch.
 * @param suffix Eight hexadecimal digits, for example of `orderedSuffix()`.
 * @returns For example `20260131t120000123-3fa9c1d2`.
 */
export function backtestId(now: number, suffix: string): string {
  return `${new Date(now).toISOString().replaceAll(/[-:.Z]/g, "").toLowerCase()}-${suffix}`;
}

/**
 * Converts a record to JSON values.
 *
 * @param record The record.
 * @returns Its fields without the id; dates are ISO strings.
 */
export function writeBacktest({ id: _id, ...record }: BacktestRecord): Record<string, unknown> {
  return JSON.parse(JSON.stringify(record));
}

/**
 * Reads a stored record. Invalid optional fields count as missing.
 *
 * @param id Its id.
 * @param value Its fields.
 * @returns The record; `undefined` if it is damaged.
 */
export function readBacktest(
  id: string,
  value: Readonly<Record<string, unknown>>,
): BacktestRecord | undefined {
  const { state, requestedBy } = value;
  const executable = readExecutable(value.executable);
  const record: Record<string, unknown> = {};
  for (const name of DATES) {
    const date = new Date(String(value[name]));
    if (typeof value[name] === "string" && !Number.isNaN(date.getTime())) record[name] = date;
  }
  for (const name of TEXTS) if (typeof value[name] === "string") record[name] = value[name];
  for (const name of NUMBERS) if (Number.isFinite(value[name])) record[name] = value[name];
  if (!executable || !BACKTEST_STATES.includes(state as BacktestState) || !record.queuedAt) return undefined;
  return {
    ...record as Partial<BacktestRecord>,
    id,
    executable,
    state: state as BacktestState,
    queuedAt: record.queuedAt as Date,
    requestedBy: typeof requestedBy === "string" ? requestedBy : "",
  };
}

function readExecutable(value: unknown): Executable | undefined {
  try {
    const given = value as Executable;
    return parseExecutable({ ...given, entrypoint: "backtest", isLongRunning: false, persistResults: true });
  } catch {
    return undefined;
  }
}
