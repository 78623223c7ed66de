/**
 * The stored logs of the bots, as the one who writes them sees them: each object with the checkpoints of the
 * containers whose lines it holds.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import { ObjectNotFoundError } from "../errors.ts";
import { KeyedMutex } from "../util/keyed_mutex.ts";
import type { ObjectInfo, ObjectStore } from "../objects/object_store.ts";
import type { LogSegment } from "./line_assembler.ts";
import { type LogCheckpoint, readCheckpoints, writeCheckpoints } from "./log_checkpoints.ts";
import { dayOfLogKey, logKey, logPrefix } from "./log_keys.ts";

/** The checkpoints of so many containers of one bot do not fit beside one object: this one waits. */
export class TooManyContainersError extends Error {
  /** @param id Id of the bot. */
  constructor(id: string) {
    super(`More containers of bot '${id}' write at the same time than one log can tell of: this one waits`);
    this.name = "TooManyContainersError";
  }
}

/** What a {@linkcode LogArchive} needs. */
export interface LogArchiveOptions {
  /** Where the logs are. */
  readonly store: ObjectStore;
  /** Their bucket. */
  readonly bucket: string;
  /** Whether lines of a container are still to come. */
  readonly isLive: (container: string) => boolean;
  /** Milliseconds since 1970. @default {Date.now} */
  readonly clock?: () => number;
}

/** One bot's log of one day. */
interface Day {
  /** Absent when there is none. */
  readonly info?: ObjectInfo;
  /** What is in it, when that is small and known: a small log is written anew with each piece that is added. */
  readonly content?: Uint8Array;
}

const TYPE = "text/plain; charset=utf-8";
/** A checkpoint of a container that nobody knows may belong to somebody who comes back for it. */
const UNKNOWN_MS = 24 * 60 * 60 * 1000;
/** A log up to this size is read with the question whether it is there, and remembered. */
const SMALL_BYTES = 64 * 1024;
/** So many bytes of small logs are remembered. */
const MAX_REMEMBERED_BYTES = 16 * 1024 ** 2;
/** How many bots' and days' objects are remembered: one that is not costs a request. */
const MAX_DAYS = 10_000;

/** Finds and moves checkpoints. Writes to the logs of one bot are made one after the other. */
export class LogArchive {
  readonly #options: LogArchiveOptions;
  readonly #clock: () => number;
  readonly #turns = new KeyedMutex();
  readonly #days = new LRUCache<string, Day>({
    max: MAX_DAYS,
    maxSize: MAX_REMEMBERED_BYTES,
    sizeCalculation: ({ content }) => 1 + (content?.length ?? 0),
  });
  /** Of each bot the checkpoints of its live containers. */
  readonly #checkpoints = new Map<string, Map<string, LogCheckpoint>>();
  #hasBucket = false;

  /**
   * Makes one; nothing is read yet.
   *
   * @param options See {@linkcode LogArchiveOptions}.
   */
  constructor(options: LogArchiveOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
  }

  /**
   * How far a container has been read.
   *
   * @param id Id of its bot.
   * @param container Its short id.
   * @param since When it was made: older logs are not looked at.
   * @param signal Gives up.
   * @returns Its checkpoint; `undefined` when nothing of it is stored.
   */
  async find(
    id: string,
    container: string,
    since: Date,
    signal?: AbortSignal,
  ): Promise<LogCheckpoint | undefined> {
    return await this.#turns.run(id, async () => {
      const oldest = logKey(id, since.toISOString().slice(0, 10).replaceAll("-", ""));
      const keys = (await this.#keys(id, signal)).filter((key) => key >= oldest).reverse();
      let found: LogCheckpoint | undefined;
      for (const key of keys) {
        const checkpoint = (await this.#read(key, signal)).find((one) => one.container === container);
        // A line of the other output may have come a moment after midnight with a time before it: the log of the
        // day before the newest that tells of a container may have been written after that.
        if (found) return checkpoint && checkpoint.entries > found.entries ? checkpoint : found;
        found = checkpoint;
      }
      return found;
    }).then((checkpoint) => {
      if (checkpoint) this.#remember(id, checkpoint);
      return checkpoint;
    });
  }

  /**
   * Adds lines of a container to its bot's log, and moves its checkpoint with them.
   *
   * @param id Id of the bot.
   * @param container Short id of the container.
   * @param before Its checkpoint as it is.
   * @param segment The lines.
   * @param signal Gives up.
   * @returns Its checkpoint as it is now.
   * @throws {ObjectConflictError} when somebody else has written: the checkpoint has to be read anew.
   */
  async append(
    id: string,
    container: string,
    before: LogCheckpoint | undefined,
    segment: LogSegment,
    signal?: AbortSignal,
  ): Promise<LogCheckpoint> {
    return await this.#turns.run(id, async () => {
      const { store, bucket } = this.#options;
      await this.#ensureBucket(signal);
      const key = logKey(id, segment.day);
      const options = { ...(signal && { signal }) };
      const { info: onto, content } = this.#known(key) ?? await this.#look(key, signal);
      const entries = (before?.entries ?? 0) + segment.entries;
      const checkpoint: LogCheckpoint = { container, offset: segment.offset, entries };
      const metadata = this.#metadata(id, checkpoint, onto);
      this.#days.delete(key);
      const info = await store.append(bucket, key, segment.bytes, {
        ...options,
        metadata,
        contentType: TYPE,
        ...(onto && { onto }),
        ...(content && { content }),
      });
      this.#days.set(key, { info, ...added(segment.bytes, onto ? content : new Uint8Array()) });
      this.#remember(id, checkpoint);
      return checkpoint;
    });
  }

  /**
   * Forgets what is known of a bot's logs: after a failure nobody knows what was written.
   *
   * @param id Id of the bot.
   */
  forget(id: string): void {
    const prefix = logPrefix(id);
    for (const key of [...this.#days.keys()]) if (key.startsWith(prefix)) this.#days.delete(key);
  }

  /** A container is gone. @param id Id of its bot. @param container Its short id. */
  release(id: string, container: string): void {
    const checkpoints = this.#checkpoints.get(id);
    checkpoints?.delete(container);
    if (checkpoints?.size === 0) this.#checkpoints.delete(id);
  }

  /** How large the object of a day is, as far as it is known, in bytes. */
  sizeOf(id: string, day: string): number {
    return this.#days.get(logKey(id, day))?.info?.size ?? 0;
  }

  /** A new day's object tells of all that live: looking for a checkpoint ends there. */
  #metadata(id: string, checkpoint: LogCheckpoint, onto: ObjectInfo | undefined) {
    const { isLive } = this.#options;
    const live = new Map(this.#checkpoints.get(id));
    const unknown: LogCheckpoint[] = [];
    for (const stored of readCheckpoints(onto?.metadata)) {
      if (stored.container === checkpoint.container || live.has(stored.container)) continue;
      if (isLive(stored.container)) live.set(stored.container, stored);
      else if (this.#clock() - Date.parse(stored.offset.time) < UNKNOWN_MS) unknown.push(stored);
    }
    live.delete(checkpoint.container);
    const needed = [checkpoint, ...live.values()];
    unknown.sort((a, b) => (a.offset.time < b.offset.time ? 1 : -1));
    const { metadata, left } = writeCheckpoints([...needed, ...unknown]);
    if (left > unknown.length) throw new TooManyContainersError(id);
    return metadata;
  }

  /** What is enough to add to a log. */
  #known(key: string): Day | undefined {
    const day = this.#days.get(key);
    const isMissing = day?.info && !day.content && day.info.size <= SMALL_BYTES;
    return isMissing ? undefined : day;
  }

  async #look(key: string, signal?: AbortSignal): Promise<Day> {
    const { store, bucket } = this.#options;
    try {
      const { body, ...info } = await store.get(bucket, key, { ...(signal && { signal }) });
      if (info.size <= SMALL_BYTES) return { info, content: await new Response(body).bytes() };
      await body.cancel();
      return { info };
    } catch (error) {
      if (error instanceof ObjectNotFoundError) return {};
      throw error;
    }
  }

  async #keys(id: string, signal?: AbortSignal): Promise<string[]> {
    const { store, bucket } = this.#options;
    await this.#ensureBucket(signal);
    const keys: string[] = [];
    for await (const { key } of store.list(bucket, logPrefix(id), { ...(signal && { signal }) })) {
      if (dayOfLogKey(key) !== undefined) keys.push(key);
    }
    return keys;
  }

  async #read(key: string, signal?: AbortSignal): Promise<LogCheckpoint[]> {
    const known = this.#days.get(key);
    if (known) return readCheckpoints(known.info?.metadata);
    const { store, bucket } = this.#options;
    const info = await store.stat(bucket, key, { ...(signal && { signal }) });
    this.#days.set(key, { ...(info && { info }) });
    return readCheckpoints(info?.metadata);
  }

  #remember(id: string, checkpoint: LogCheckpoint): void {
    if (!this.#options.isLive(checkpoint.container)) return;
    const checkpoints = this.#checkpoints.get(id) ?? new Map<string, LogCheckpoint>();
    checkpoints.set(checkpoint.container, checkpoint);
    this.#checkpoints.set(id, checkpoints);
  }

  async #ensureBucket(signal?: AbortSignal): Promise<void> {
    if (this.#hasBucket) return;
    await this.#options.store.ensureBucket(this.#options.bucket, { ...(signal && { signal }) });
    this.#hasBucket = true;
  }
}

/** The content of a log after something was added to it, if that is known and small. */
function added(bytes: Uint8Array, before: Uint8Array | undefined): { content?: Uint8Array } {
  if (!before || before.length + bytes.length > SMALL_BYTES) return {};
  const content = new Uint8Array(before.length + bytes.length);
  content.set(before);
  content.set(bytes, before.length);
  return { content };
}
