/**
 * Reads the stored logs of bots.
 *
 * @module
 */

import type { ObjectCallOptions, ObjectMetadata, ObjectStore } from "../objects/object_store.ts";
import { parseStoredLine, type StoredLogLine } from "./line_format.ts";
import { LastLines, type LastLinesLimits } from "./last_lines.ts";
import { daysWithin, getLog, listLogDays, logKey } from "./log_keys.ts";
import { isWellBefore } from "./log_position.ts";
import type { ReadLogsOptions } from "./log_reader.ts";

/** Which lines of a stored log. */
export interface ReadStoredLogsOptions
  extends ObjectCallOptions, Pick<ReadLogsOptions, "since" | "until" | "tail" | "tailChars" | "slots"> {
  /** Only lines that contain this in the form in which they are stored. Not with `tail`. @default all */
  readonly contains?: string;
  /**
   * Whether to give, before the `tail`, enough lines to tell the place of each of its lines. Without a tail: whether to
   * give every line of the second of `since`.
   *
   * @default {false}
   */
  readonly wholeSecond?: boolean;
}

/** Tells whether a line belongs to a range. A time without a fraction may be anywhere in its second. */
export function isInRange(
  { time }: StoredLogLine,
  { since, until }: Pick<ReadStoredLogsOptions, "since" | "until">,
): boolean {
  const ms = Date.parse(time);
  const lastMs = time[POINT_INDEX] === "." ? ms : ms + 999;
  return !(since && lastMs < since.getTime()) && !(until && ms >= until.getTime());
}

/** Called with the metadata of each log, before its lines are given. */
export type OnLog = (metadata: ObjectMetadata | undefined) => void;

/** How much of the end of a log is read first for its last lines, in bytes. */
const TAIL_BYTES = 256 * 1024;
/** More is read each time, by this factor, until the lines are enough. */
const TAIL_FACTOR = 8;
/** Index of the point in `2026-01-31T12:34:56.789Z`. */
const POINT_INDEX = 19;
/** The prefix of the time in a line that Berth wrote, and the length of such a time. */
const OWN_HEADS = ['{"timestamp":"', '{"stream":"stdout","timestamp":"', '{"stream":"stderr","timestamp":"'];
const OWN_TIME_LENGTH = "2026-01-31T12:34:56.789012345Z".length;

/** Reads stored lines. Lines of unknown form are left out: somebody else has written them. */
export class LogStoreReader {
  readonly #store: ObjectStore;
  readonly #bucket: string;

  constructor(store: ObjectStore, bucket: string) {
    this.#store = store;
    this.#bucket = bucket;
  }

  /**
   * Lists the days for which a bot has a log.
   *
   * @returns UTC days, for example `20260131`, the oldest first.
   */
  async days(id: string, options: ObjectCallOptions = {}): Promise<string[]> {
    await this.#store.ensureBucket(this.#bucket, options);
    return await listLogDays(this.#store, this.#bucket, id, options);
  }

  /** Reads the lines of a bot, oldest first. @returns The lines. Reads only as fast as they are taken. */
  async *read(
    id: string,
    options: ReadStoredLogsOptions = {},
    onLog?: OnLog,
  ): AsyncGenerator<StoredLogLine> {
    const { until, tail, tailChars, contains, slots, wholeSecond = false } = options;
    const since = options.since && wholeSecond
      ? new Date(Math.floor(options.since.getTime() / 1000) * 1000)
      : options.since;
    const days = (await this.days(id, options)).filter(daysWithin({ since, until }));
    const from = since?.toISOString().slice(0, POINT_INDEX);
    const parse = (text: string): StoredLogLine | undefined => {
      if ((contains !== undefined && !text.includes(contains)) || isBefore(text, from)) return undefined;
      const line = parseStoredLine(text);
      const isWanted = line && (!slots || slots.includes(line.run ?? "")) &&
        isInRange(line, { since, until });
      return isWanted ? line : undefined;
    };
    const { signal } = options;
    const linesOf: LinesOf = (days, offset, onLog) => this.#lines(id, days, { offset, onLog, parse, signal });
    if (tail === undefined) return yield* linesOf(days, 0, onLog);
    const begin = await this.#beginOfTail(id, days, { ...options, tail }, linesOf);
    const lines = linesOf(days.slice(begin.day), begin.offset, onLog);
    if (wholeSecond) return yield* lines;
    const last = new LastLines<StoredLogLine>({ tail, tailChars });
    for await (const line of lines) last.add(line);
    yield* last.lines;
  }

  /** Finds where to begin, so that the last lines follow. They are read twice, so that no more of them are in memory. */
  async #beginOfTail(
    id: string,
    days: readonly string[],
    { wholeSecond, signal, ...limits }:
      & LastLinesLimits
      & Pick<ReadStoredLogsOptions, "wholeSecond" | "signal">,
    linesOf: LinesOf,
  ): Promise<{ readonly day: number; readonly offset: number }> {
    let later: readonly StoredLogLine[] = [];
    let newest: StoredLogLine | undefined;
    for (let day = days.length - 1; day >= 0; day--) {
      const size = (await this.#store.stat(this.#bucket, logKey(id, days[day]!), { signal }))?.size ?? 0;
      for (let bytes = TAIL_BYTES;; bytes *= TAIL_FACTOR) {
        const offset = Math.max(0, size - bytes);
        const last = new LastLines<StoredLogLine>(limits);
        let first: StoredLogLine | undefined;
        let end: StoredLogLine | undefined;
        for await (const line of linesOf([days[day]!], offset)) {
          first ??= line;
          end = line;
          last.add(line);
        }
        for (const line of later) last.add(line);
        // Without a tail, the place of the newest line is of interest.
        const second = last.lines[0] ?? newest ?? end;
        const isEnough = last.isFull && first && second && (!wholeSecond || isWellBefore(first, second));
        if (isEnough) return { day, offset };
        if (offset > 0) continue;
        later = last.lines;
        newest ??= end;
        break;
      }
    }
    return { day: 0, offset: 0 };
  }

  /** Reads the logs of days, the first one from an offset on. */
  async *#lines(
    id: string,
    days: readonly string[],
    { offset, onLog, parse, signal }: ReadLinesOptions,
  ): AsyncGenerator<StoredLogLine> {
    let from = offset;
    for (const day of days) {
      const content = await getLog(this.#store, this.#bucket, logKey(id, day), { offset: from, signal });
      // The reading may begin within a line: that one is left out.
      let isPart = from > 0;
      from = 0;
      if (!content) continue;
      onLog?.(content.metadata);
      for await (const text of splitLines(content.body)) {
        const line = isPart ? undefined : parse(text);
        isPart = false;
        if (line) yield line;
      }
    }
  }
}

/** Reads the wanted lines of days, from an offset of the first one on. */
type LinesOf = (days: readonly string[], offset: number, onLog?: OnLog) => AsyncGenerator<StoredLogLine>;

/** How to read the logs of days. */
interface ReadLinesOptions extends ObjectCallOptions {
  /** Where to begin in the first one, in bytes. */
  readonly offset: number;
  readonly onLog: OnLog | undefined;
  /** Gives a line if it is wanted. */
  readonly parse: (text: string) => StoredLogLine | undefined;
}

/** Whether a line in one of Berth's own forms is before a second. Saves the parsing. */
function isBefore(line: string, second: string | undefined): boolean {
  if (second === undefined) return false;
  const head = OWN_HEADS.find((head) => line.startsWith(head));
  if (head === undefined || line[head.length + OWN_TIME_LENGTH] !== '"') return false;
  return line.slice(head.length, head.length + POINT_INDEX) < second;
}

async function* splitLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}
