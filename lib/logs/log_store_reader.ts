/**
 * Reads the stored logs of bots.
 *
 * @module
 */

import type { ObjectCallOptions, ObjectMetadata, ObjectStore } from "../objects/object_store.ts";
import { parseStoredLine, type StoredLogLine } from "./line_format.ts";
import { daysWithin, getLog, listLogDays, logKey } from "./log_keys.ts";
import { isWellBefore } from "./log_position.ts";

/** Which lines of a stored log. */
export interface ReadStoredLogsOptions extends ObjectCallOptions {
  /** Only lines at or after this time. @default all */
  readonly since?: Date;
  /** Only lines before this time. @default all */
  readonly until?: Date;
  /** Only the last ones, at most this many. @default all */
  readonly tail?: number;
  /** Only lines that contain this in the form in which they are stored. Not with `tail`. @default all */
  readonly contains?: string;
  /** Only those of these runs: slots of attempts, or the id of a backtest. @default all, also those of no run */
  readonly slots?: readonly string[];
  /**
   * Whether to give, before the `tail`, enough lines to tell the place of each of its lines. Without a tail: whether to
   * give every line of the second of `since`.
   *
   * @default {false}
   */
  readonly wholeSecond?: boolean;
}

/**
 * Tells whether a line belongs to a range. A time without a fraction may be anywhere in its second.
 *
 * @param line The line.
 * @param range The range.
 */
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

  /** @param store Where the logs are. @param bucket Their bucket. */
  constructor(store: ObjectStore, bucket: string) {
    this.#store = store;
    this.#bucket = bucket;
  }

  /**
   * Lists the days of which a bot has a log.
   *
   * @param id Id of the bot.
   * @param options The signal gives up.
   * @returns UTC days, for example `20260131`, the oldest first.
   */
  async days(id: string, options: ObjectCallOptions = {}): Promise<string[]> {
    await this.#store.ensureBucket(this.#bucket, options);
    return await listLogDays(this.#store, this.#bucket, id, options);
  }

  /**
   * Reads the lines of a bot, oldest first.
   *
   * @param id Id of the bot.
   * @param options Which lines.
   * @param onLog See {@linkcode OnLog}.
   * @returns The lines. Reads only as fast as they are taken.
   */
  async *read(
    id: string,
    options: ReadStoredLogsOptions = {},
    onLog?: OnLog,
  ): AsyncGenerator<StoredLogLine> {
    const { until, tail, slots, wholeSecond = false } = options;
    const since = options.since && wholeSecond
      ? new Date(Math.floor(options.since.getTime() / 1000) * 1000)
      : options.since;
    const days = (await this.days(id, options)).filter(daysWithin({ since, until }));
    const isWanted = (line: StoredLogLine) =>
      (!slots || slots.includes(line.run ?? "")) && isInRange(line, { since, until });
    if (tail !== undefined) {
      const wanted: WantedTail = { tail, wholeSecond, isWanted };
      return yield* await this.#tail(id, days, wanted, options, onLog);
    }
    const from = since?.toISOString().slice(0, POINT_INDEX);
    const skips = (text: string) =>
      (options.contains !== undefined && !text.includes(options.contains)) || isBefore(text, from);
    for (const day of days) {
      for await (const line of this.#lines(id, day, 0, options, onLog, skips)) if (isWanted(line)) yield line;
    }
  }

  async #tail(
    id: string,
    days: readonly string[],
    wanted: WantedTail,
    options: ObjectCallOptions,
    onLog?: OnLog,
  ): Promise<readonly StoredLogLine[]> {
    let found: readonly StoredLogLine[] = [];
    for (const day of days.toReversed()) {
      if (beginOf([], found, wanted) !== undefined) break;
      found = [...await this.#tailOfDay(id, day, found, wanted, options, onLog), ...found];
    }
    return found.slice(beginOf([], found, wanted) ?? 0);
  }

  async #tailOfDay(
    id: string,
    day: string,
    later: readonly StoredLogLine[],
    wanted: WantedTail,
    options: ObjectCallOptions,
    onLog?: OnLog,
  ): Promise<StoredLogLine[]> {
    const size = (await this.#store.stat(this.#bucket, logKey(id, day), options))?.size ?? 0;
    for (let bytes = TAIL_BYTES;; bytes *= TAIL_FACTOR) {
      const offset = Math.max(0, size - bytes);
      const lines: StoredLogLine[] = [];
      let isEnough = false;
      let limit = 2 * wanted.tail + 1000;
      for await (const line of this.#lines(id, day, offset, options, onLog)) {
        if (wanted.isWanted(line)) lines.push(line);
        if (lines.length <= limit) continue;
        const begin = beginOf(lines, later, wanted);
        isEnough ||= begin !== undefined;
        lines.splice(0, begin ?? 0);
        limit = 2 * lines.length + 1000;
      }
      if (isEnough || offset === 0 || beginOf(lines, later, wanted) !== undefined) return lines;
    }
  }

  async *#lines(
    id: string,
    day: string,
    offset: number,
    options: ObjectCallOptions,
    onLog?: OnLog,
    skips?: (text: string) => boolean,
  ): AsyncGenerator<StoredLogLine> {
    const content = await getLog(this.#store, this.#bucket, logKey(id, day), { ...options, offset });
    if (!content) return;
    onLog?.(content.metadata);
    // The reading may begin within a line: that one is left out.
    let isPart = offset > 0;
    for await (const text of splitLines(content.body)) {
      const line = isPart || skips?.(text) ? undefined : parseStoredLine(text);
      isPart = false;
      if (line) yield line;
    }
  }
}

/** The last lines to find. */
interface WantedTail {
  readonly tail: number;
  readonly wholeSecond: boolean;
  readonly isWanted: (line: StoredLogLine) => boolean;
}

/** @returns Index of the first line that is needed; `undefined` if earlier ones may be needed, too. */
function beginOf(
  lines: readonly StoredLogLine[],
  later: readonly StoredLogLine[],
  { tail, wholeSecond }: WantedTail,
): number | undefined {
  const count = lines.length + later.length;
  if (count < tail) return undefined;
  if (!wholeSecond) return count - tail;
  const at = (index: number) => index < lines.length ? lines[index] : later[index - lines.length];
  const first = at(Math.min(count - tail, count - 1));
  if (!first) return undefined;
  for (let i = count - tail; i >= 0; i--) {
    const line = at(i);
    if (line && isWellBefore(line, first)) return i;
  }
  return undefined;
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
