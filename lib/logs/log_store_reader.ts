/**
 * Reads the stored logs of bots.
 *
 * @module
 */

import type { ObjectCallOptions, ObjectMetadata, ObjectStore } from "../objects/object_store.ts";
import { ObjectNotFoundError } from "../errors.ts";
import { parseStoredLine, type StoredLogLine } from "./line_format.ts";
import { dayOfDate, listLogDays, logKey } from "./log_keys.ts";

/** Which lines of a stored log. */
export interface ReadStoredLogsOptions extends ObjectCallOptions {
  /** Only lines at or after this time. @default all */
  readonly since?: Date;
  /** Only lines before this time. @default all */
  readonly until?: Date;
  /** Only the last ones, at most this many. @default all */
  readonly tail?: number;
  /** Only those of these runs: slots of attempts, or the id of a backtest. @default all, also those of no run */
  readonly slots?: readonly string[];
}

/** Called with the metadata of each log, before its lines are given. */
export type OnLog = (metadata: ObjectMetadata | undefined) => void;

/** How much of the end of a log is read first for its last lines, in bytes. */
const TAIL_BYTES = 256 * 1024;
/** More is read each time, by this factor, until the lines are enough. */
const TAIL_FACTOR = 8;
const DAY_MS = 24 * 60 * 60_000;
/** Index of the point in `2026-01-31T12:34:56.789Z`. */
const POINT_INDEX = 19;

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
    const { since, until, tail, slots } = options;
    // The log of a day may hold a few lines of the day before or after it.
    const first = since && dayOfDate(since.getTime() - DAY_MS);
    const last = until && dayOfDate(until.getTime() + DAY_MS);
    const days = (await this.days(id, options)).filter((day) =>
      (first === undefined || day >= first) && (last === undefined || day <= last)
    );
    const isWanted = ({ time, run = "" }: StoredLogLine) => {
      if (slots && !slots.includes(run)) return false;
      const ms = Date.parse(time);
      // A time without a fraction may be anywhere in its second.
      const lastMs = time[POINT_INDEX] === "." ? ms : ms + 999;
      return !(since && lastMs < since.getTime()) && !(until && ms >= until.getTime());
    };
    if (tail !== undefined) return yield* await this.#tail(id, days, tail, isWanted, options, onLog);
    for (const day of days) {
      for await (const line of this.#lines(id, day, 0, options, onLog)) if (isWanted(line)) yield line;
    }
  }

  async #tail(
    id: string,
    days: readonly string[],
    tail: number,
    isWanted: (line: StoredLogLine) => boolean,
    options: ObjectCallOptions,
    onLog?: OnLog,
  ): Promise<StoredLogLine[]> {
    let found: StoredLogLine[] = [];
    for (const day of days.toReversed()) {
      if (found.length >= tail) break;
      found = [...await this.#tailOfDay(id, day, tail - found.length, isWanted, options, onLog), ...found];
    }
    return found;
  }

  async #tailOfDay(
    id: string,
    day: string,
    tail: number,
    isWanted: (line: StoredLogLine) => boolean,
    options: ObjectCallOptions,
    onLog?: OnLog,
  ): Promise<StoredLogLine[]> {
    const size = (await this.#store.stat(this.#bucket, logKey(id, day), options))?.size ?? 0;
    for (let bytes = TAIL_BYTES;; bytes *= TAIL_FACTOR) {
      const offset = Math.max(0, size - bytes);
      const lines: StoredLogLine[] = [];
      for await (const line of this.#lines(id, day, offset, options, onLog)) {
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
    onLog?: OnLog,
  ): AsyncGenerator<StoredLogLine> {
    const content = await this.#store.get(this.#bucket, logKey(id, day), { ...options, offset }).catch(
      (error) => {
        // Deleted since it was listed.
        if (error instanceof ObjectNotFoundError) return undefined;
        throw error;
      },
    );
    if (!content) return;
    onLog?.(content.metadata);
    // The reading may begin within a line: that one is left out.
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
