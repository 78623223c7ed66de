/**
 * Places of lines in a bot's log, by which a reader continues exactly where another one ended.
 *
 * @module
 */

import type { StoredLogLine } from "./line_format.ts";

/**
 * The place of a line: its run, the second of its time, and its number among the run's lines of that second. Seconds,
 * since a log in the text form keeps no more of a line's time once it is stored. Runs, since those of one schedule may
 * overlap: the order of the lines of a run is certain, that of several runs is not.
 */
export interface LogPosition {
  /** Slot of the run, or id of the backtest; absent for lines of a bot. */
  readonly run?: string;
  /** The second, for example `2026-01-31T12:34:56`, in UTC. */
  readonly second: string;
  /** Number of the line in the second, from 1 on, in the order of the log. */
  readonly ordinal: number;
}

/** A line with its place in the log. */
export interface PlacedLogLine extends StoredLogLine {
  /** Where it is. */
  readonly position: LogPosition;
}

/** The lines of a container are in the order of their times up to this: its two outputs overtake each other. */
const MARGIN_MS = 2000;
/** The same for lines of several containers, which are stored one container after the other. */
const RUNS_MARGIN_MS = 10 * 60_000;
/** A clock that is set back does not reuse the counts of longer ago. */
const MAX_COUNTED_SECONDS = 1000;
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

/** Tells the second of a time. @returns For example `2026-01-31T12:34:56`, in UTC. */
function secondOf(time: string): string {
  return (UTC.test(time) ? time : new Date(Date.parse(time)).toISOString()).slice(0, 19);
}

/** Determines when a second begins. @param second For example `2026-01-31T12:34:56`. @returns The time in ms since 1970. */
export function msOfSecond(second: string): number {
  return Date.parse(`${second}Z`);
}

/**
 * Tells whether a line is so much earlier than another one that no line before it has the other's second.
 */
export function isWellBefore(earlier: StoredLogLine, later: StoredLogLine): boolean {
  const margin = earlier.run ?? later.run ? RUNS_MARGIN_MS : MARGIN_MS;
  return msOfSecond(secondOf(earlier.time)) + margin < msOfSecond(secondOf(later.time));
}

/** Tells whether the line of a position must have passed. @param second A later second. */
export function isWellAfter(second: string, position: LogPosition): boolean {
  return msOfSecond(second) > msOfSecond(position.second) + MARGIN_MS;
}

/** Counts the lines of a log. The first line must be the first of its second, unless its place is not needed. */
export class LinePlacer {
  readonly #counts = new Map<string, number>();

  /** Tells the place of the next line. */
  place(line: StoredLogLine): PlacedLogLine {
    const { run, time } = line;
    const second = secondOf(time);
    const key = run === undefined ? second : `${second} ${run}`;
    const ordinal = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, ordinal);
    if (this.#counts.size > MAX_COUNTED_SECONDS) this.#counts.delete(this.#counts.keys().next().value!);
    return { ...line, position: { ...(run !== undefined && { run }), second, ordinal } };
  }
}
