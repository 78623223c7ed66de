/**
 * How far a log was read: the last position of each run that has printed lately.
 *
 * @module
 */

import { isWellAfter, type LogPosition, msOfSecond, type PlacedLogLine } from "./log_position.ts";

/** A run that has printed nothing for this long before the last line is left out: its lines are before all others. */
const KEPT_MS = 60_000;
/** Largest number of runs that a cursor names. */
const MAX_RUNS = 16;
const ENTRY = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)Z\/([1-9]\d{0,9})(?:@([a-zA-Z0-9-]{1,128}))?$/;

/** How far a log was read. Immutable. */
export class LogCursor {
  /** The cursor before the first line. */
  static readonly BEGIN: LogCursor = new LogCursor(new Map());
  readonly #positions: ReadonlyMap<string | undefined, LogPosition>;

  private constructor(positions: ReadonlyMap<string | undefined, LogPosition>) {
    this.#positions = positions;
  }

  /** Reads a cursor. @param text A text that {@linkcode toString} wrote. @returns `undefined` if it is none. */
  static parse(text: string): LogCursor | undefined {
    const positions = new Map<string | undefined, LogPosition>();
    for (const entry of text.split(",")) {
      const [, second, ordinal, run] = ENTRY.exec(entry) ?? [];
      if (second === undefined || Number.isNaN(msOfSecond(second)) || positions.size === MAX_RUNS) {
        return undefined;
      }
      positions.set(run, { ...(run !== undefined && { run }), second, ordinal: Number(ordinal) });
    }
    return new LogCursor(positions);
  }

  /** The earliest second in which there may be lines after it; `undefined` at the beginning. */
  get oldestSecond(): string | undefined {
    let oldest: string | undefined;
    for (const { second } of this.#positions.values()) {
      if (oldest === undefined || second < oldest) oldest = second;
    }
    return oldest;
  }

  /** Where the reading of a run ended. @param run The run; `undefined` for a bot. */
  of(run: string | undefined): LogPosition | undefined {
    return this.#positions.get(run);
  }

  /** The cursor after a line. */
  after({ run, position }: PlacedLogLine): LogCursor {
    // A bot's log has one entry, which is the usual case.
    if (this.#positions.size === 0 || (this.#positions.size === 1 && this.#positions.has(run))) {
      return new LogCursor(new Map([[run, position]]));
    }
    const positions = new Map(this.#positions);
    positions.delete(run);
    positions.set(run, position);
    const newest = Math.max(...[...positions.values()].map(({ second }) => msOfSecond(second)));
    for (const [run, { second }] of positions) {
      if (msOfSecond(second) < newest - KEPT_MS || positions.size > MAX_RUNS) positions.delete(run);
    }
    return new LogCursor(positions);
  }

  /** Writes it, for example `2026-01-31T12:34:56Z/17`, with `@run` behind the positions of runs. */
  toString(): string {
    return [...this.#positions.values()].map(({ run, second, ordinal }) =>
      `${second}Z/${ordinal}${run === undefined ? "" : `@${run}`}`
    ).join(",");
  }
}

/** Decides for each line of a log whether a cursor is before or after it. */
class CursorGate {
  readonly #cursor: LogCursor;
  readonly #oldest: string | undefined;
  readonly #passed = new Set<string | undefined>();

  constructor(cursor: LogCursor) {
    this.#cursor = cursor;
    this.#oldest = cursor.oldestSecond;
  }

  /** @returns `open` if that depends on whether the line of the cursor is still to come. */
  judge({ run, position: { second, ordinal } }: PlacedLogLine): "before" | "at" | "after" | "open" {
    const end = this.#cursor.of(run);
    if (!end) return this.#oldest === undefined || second >= this.#oldest ? "after" : "before";
    if (this.#passed.has(run)) return "after";
    if (second === end.second && ordinal === end.ordinal) {
      this.#passed.add(run);
      return "at";
    }
    if (second < end.second || (second === end.second && ordinal < end.ordinal)) return "before";
    if (second !== end.second && !isWellAfter(second, end)) return "open";
    this.#passed.add(run);
    return "after";
  }
}

/**
 * Gives the lines after a cursor. If the log has no line there, it gives those of later seconds.
 *
 * @param lines Lines from the cursor's oldest second on, or from an earlier one.
 */
export async function* linesAfter(
  lines: AsyncIterable<PlacedLogLine>,
  cursor: LogCursor,
): AsyncGenerator<PlacedLogLine> {
  const gate = new CursorGate(cursor);
  let held: PlacedLogLine[] = [];
  for await (const line of lines) {
    const place = gate.judge(line);
    if (place === "open") held.push(line);
    if (place === "at") held = held.filter(({ run }) => run !== line.run);
    if (place !== "after") continue;
    if (held.length > 0) {
      yield* held.filter(({ run }) => run === line.run);
      held = held.filter(({ run }) => run !== line.run);
    }
    yield line;
  }
  yield* held;
}

/**
 * Gives the lines up to a cursor.
 *
 * @param lines Lines of the log, from anywhere on. The log has the lines of the cursor.
 */
export async function* linesUpTo(
  lines: AsyncIterable<PlacedLogLine>,
  cursor: LogCursor,
): AsyncGenerator<PlacedLogLine> {
  const gate = new CursorGate(cursor);
  // Those that are before the cursor, if its line is still to come.
  let held: PlacedLogLine[] = [];
  for await (const line of lines) {
    const place = gate.judge(line);
    if (place === "open") held.push(line);
    if (place === "at") yield* held.filter(({ run }) => run === line.run);
    if (place === "at" || place === "after") held = held.filter(({ run }) => run !== line.run);
    if (place === "before" || place === "at") yield line;
  }
}
