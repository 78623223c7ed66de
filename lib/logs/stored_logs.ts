/**
 * The stored logs of bots, for readers.
 *
 * @module
 */

import type { ObjectCallOptions, ObjectMetadata, ObjectStore } from "../objects/object_store.ts";
import { ObjectNotFoundError } from "../errors.ts";
import { parseStoredLine, type StoredLogLine } from "./line_format.ts";
import { dayOfLogKey, logKey, logPrefix } from "./log_keys.ts";

/** Which lines of a stored log. */
export interface ReadStoredLogsOptions extends ObjectCallOptions {
  /** Only lines at or after this time. @default all */
  readonly since?: Date;
  /** Only lines before this time. @default all */
  readonly until?: Date;
  /** Only the last so many of these. @default all */
  readonly tail?: number;
}

/** Called with what is kept beside the lines of a day, as they are read. */
export type OnDay = (metadata: ObjectMetadata | undefined) => void;

/** So much of the end of a log is read first when only its last lines are asked for. */
const TAIL_BYTES = 256 * 1024;
const DAY_MS = 24 * 60 * 60_000;
/** Where a fraction begins in `2026-01-31T12:34:56.789Z`. */
const SECOND_END = 19;

/** Reads what is stored. Lines that somebody else has written into a log are left out. */
export class StoredLogs {
  readonly #store: ObjectStore;
  readonly #bucket: string;

  /**
   * Makes one; nothing is read yet.
   *
   * @param store Where the logs are.
   * @param bucket Their bucket.
   */
  constructor(store: ObjectStore, bucket: string) {
    this.#store = store;
    this.#bucket = bucket;
  }

  /**
   * The days of which there is a log.
   *
   * @param id Id of the bot.
   * @param options Gives up.
   * @returns UTC days, for example `20260131`, the oldest first.
   */
  async days(id: string, options: ObjectCallOptions = {}): Promise<string[]> {
    await this.#store.ensureBucket(this.#bucket, options);
    const days: string[] = [];
    for await (const { key } of this.#store.list(this.#bucket, logPrefix(id), options)) {
      const day = dayOfLogKey(key);
      if (day !== undefined) days.push(day);
    }
    return days.sort();
  }

  /**
   * The lines of a bot, oldest first.
   *
   * @param id Id of the bot.
   * @param options Which lines.
   * @param onDay Called with what is kept beside the lines of each day.
   * @returns The lines. Nothing is read while nobody asks for more.
   */
  async *read(
    id: string,
    options: ReadStoredLogsOptions = {},
    onDay?: OnDay,
  ): AsyncGenerator<StoredLogLine> {
    const { since, until, tail } = options;
    // The log of a day may have a few lines of a moment before or after it.
    const first = since && dayOfDate(since.getTime() - DAY_MS);
    const last = until && dayOfDate(until.getTime() + DAY_MS);
    const days = (await this.days(id, options)).filter((day) =>
      (first === undefined || day >= first) && (last === undefined || day <= last)
    );
    const isWanted = ({ time }: StoredLogLine) => {
      const ms = Date.parse(time);
      // Of a time without a fraction nobody knows where in its second it was.
      const lastMs = time[SECOND_END] === "." ? ms : ms + 999;
      return !(since && lastMs < since.getTime()) && !(until && ms >= until.getTime());
    };
    if (tail !== undefined) return yield* await this.#tail(id, days, tail, isWanted, options, onDay);
    for (const day of days) {
      for await (const line of this.#lines(id, day, 0, options, onDay)) if (isWanted(line)) yield line;
    }
  }

  async #tail(
    id: string,
    days: readonly string[],
    tail: number,
    isWanted: (line: StoredLogLine) => boolean,
    options: ObjectCallOptions,
    onDay?: OnDay,
  ): Promise<StoredLogLine[]> {
    let found: StoredLogLine[] = [];
    for (const day of days.toReversed()) {
      if (found.length >= tail) break;
      found = [...await this.#tailOfDay(id, day, tail - found.length, isWanted, options, onDay), ...found];
    }
    return found;
  }

  async #tailOfDay(
    id: string,
    day: string,
    tail: number,
    isWanted: (line: StoredLogLine) => boolean,
    options: ObjectCallOptions,
    onDay?: OnDay,
  ): Promise<StoredLogLine[]> {
    const size = (await this.#store.stat(this.#bucket, logKey(id, day), options))?.size ?? 0;
    for (let bytes = TAIL_BYTES;; bytes *= 8) {
      const offset = Math.max(0, size - bytes);
      const lines: StoredLogLine[] = [];
      for await (const line of this.#lines(id, day, offset, options, onDay)) {
        if (isWanted(line)) lines.push(line);
        if (lines.length > 2 * tail + 1000) lines.splice(0, lines.length - tail);
      }
      if (lines.length >= tail || offset === 0) return tail === 0 ? [] : lines.slice(-tail);
    }
  }

  async *#lines(
    id: string,
    day: string,
    offset: number,
    options: ObjectCallOptions,
    onDay?: OnDay,
  ): AsyncGenerator<StoredLogLine> {
    const content = await this.#store.get(this.#bucket, logKey(id, day), { ...options, offset }).catch(
      (error) => {
        // Deleted since it was listed.
        if (error instanceof ObjectNotFoundError) return undefined;
        throw error;
      },
    );
    if (!content) return;
    onDay?.(content.metadata);
    // A part of a line at the beginning is not one that is understood, save by a strange chance: it is left out.
    let isPart = offset > 0;
    for await (const text of splitLines(content.body)) {
      const line = isPart ? undefined : parseStoredLine(text);
      isPart = false;
      if (line) yield line;
    }
  }
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

function dayOfDate(ms: number): string {
  return new Date(Math.max(0, ms)).toISOString().slice(0, 10).replaceAll("-", "");
}
