/**
 * Writes the stored logs of bots, each object with the checkpoints of the containers whose lines it holds.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { LRUCache } from "lru-cache";
import type { Clock } from "../util/clock.ts";
import { KeyedMutex } from "../util/keyed_mutex.ts";
import type { ObjectInfo, ObjectMetadata, ObjectStore } from "../objects/object_store.ts";
import type { LogSegment } from "./line_assembler.ts";
import { type LogCheckpoint, readCheckpoints, writeCheckpoints } from "./log_checkpoints.ts";
import { dayOfDate, getLog, listLogDays, logKey, logPrefix } from "./log_keys.ts";

/** Too many containers of one bot write at once: their checkpoints exceed the limit of an object's metadata. */
class TooManyContainersError extends Error {
  constructor(id: string) {
    super(`More containers of bot '${id}' write at the same time than a log has room for: this one waits`);
    this.name = "TooManyContainersError";
  }
}

/** Options of {@linkcode LogWriter}. */
export interface LogWriterOptions {
  /** Where the logs are. */
  readonly store: ObjectStore;
  /** Their bucket. */
  readonly bucket: string;
  /** Whether more lines of a container, given by its short id, may come. */
  readonly isLive: (container: string) => boolean;
  /** The clock. */
  readonly clock: Clock;
}

/** One bot's log of one day. */
interface DayLog {
  /** The object; absent if there is none. */
  readonly info?: ObjectInfo;
  /** Its content, if that is small and known: a small log is rewritten with each append. */
  readonly content?: Uint8Array;
}

const CONTENT_TYPE = "text/plain; charset=utf-8";
/** For how long the checkpoint of an unknown container is kept: somebody may come back for it. */
const UNKNOWN_CONTAINER_MS = 24 * 60 * 60 * 1000;
/** A log up to this size is read at the first append, and remembered, up to a limit for all logs. */
const SMALL_LOG_BYTES = 64 * 1024;
const MAX_REMEMBERED_BYTES = 16 * 1024 ** 2;
/** How many objects are remembered; any other costs a request. */
const MAX_REMEMBERED_LOGS = 10_000;

/** Appends lines and checkpoints. The logs of one bot are written one after the other. */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #turns = new KeyedMutex();
  readonly #logs = new LRUCache<string, DayLog>({
    max: MAX_REMEMBERED_LOGS,
    maxSize: MAX_REMEMBERED_BYTES,
    sizeCalculation: ({ content }) => 1 + (content?.length ?? 0),
  });
  /** The checkpoints of live containers, by bot. */
  readonly #checkpoints = new Map<string, Map<string, LogCheckpoint>>();
  #hasBucket = false;

  constructor(options: LogWriterOptions) {
    this.#options = options;
  }

  /**
   * Reads how far a container's log is stored.
   *
   * @param since When it was created: older logs are skipped.
   * @returns Its checkpoint; `undefined` if nothing of it is stored.
   */
  async findCheckpoint(
    id: string,
    container: string,
    since: Date,
    signal?: AbortSignal,
  ): Promise<LogCheckpoint | undefined> {
    return await this.#turns.run(id, async () => {
      const { store, bucket } = this.#options;
      await this.#ensureBucket(signal);
      const oldest = dayOfDate(since.getTime());
      const days = (await listLogDays(store, bucket, id, { signal })).filter((day) => day >= oldest);
      let found: LogCheckpoint | undefined;
      for (const day of days.reverse()) {
        const key = logKey(id, day);
        let log = this.#logs.get(key);
        if (!log) this.#logs.set(key, log = { info: await store.stat(bucket, key, { signal }) });
        const checkpoint = readCheckpoints(log.info?.metadata).find((one) => one.container === container);
        // After midnight, a line of the other stream may still go to the day before: that log may be the newer one.
        const isBeforeLast = found !== undefined;
        if (checkpoint && checkpoint.entries > (found?.entries ?? -1)) found = checkpoint;
        if (isBeforeLast) break;
      }
      if (found) this.#remember(id, found);
      return found;
    });
  }

  /**
   * Appends lines of a container to its bot's log, together with its new checkpoint.
   *
   * @throws {ObjectConflictError} If somebody else has written: the checkpoint has to be read again.
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
      const { info: onto, content } = await this.#logOf(key, signal);
      const entries = (before?.entries ?? 0) + segment.entries;
      const checkpoint: LogCheckpoint = { container, offset: segment.offset, entries };
      const metadata = this.#metadata(id, checkpoint, onto);
      this.#logs.delete(key);
      const info = await store.append(bucket, key, segment.bytes, {
        metadata,
        contentType: CONTENT_TYPE,
        onto,
        content,
        signal,
      });
      this.#logs.set(key, { info, content: append(onto ? content : new Uint8Array(), segment.bytes) });
      this.#remember(id, checkpoint);
      return checkpoint;
    });
  }

  /** Forgets what it remembers of a bot's logs: after a failure, what was written is unknown. */
  forget(id: string): void {
    const prefix = logPrefix(id);
    for (const key of [...this.#logs.keys()]) if (key.startsWith(prefix)) this.#logs.delete(key);
  }

  /** Forgets a container that is gone. */
  releaseContainer(id: string, container: string): void {
    const checkpoints = this.#checkpoints.get(id);
    checkpoints?.delete(container);
    if (checkpoints?.size === 0) this.#checkpoints.delete(id);
  }

  /** Size of a bot's log of a day in bytes; 0 if unknown. */
  sizeOf(id: string, day: string): number {
    return this.#logs.get(logKey(id, day))?.info?.size ?? 0;
  }

  /** The first object of a day lists every live container, so that the search for a checkpoint ends there. */
  #metadata(id: string, checkpoint: LogCheckpoint, onto: ObjectInfo | undefined): ObjectMetadata {
    const { isLive, clock } = this.#options;
    const live = new Map(this.#checkpoints.get(id));
    const unknown: LogCheckpoint[] = [];
    for (const stored of readCheckpoints(onto?.metadata)) {
      const { container, offset } = stored;
      if (container === checkpoint.container || live.has(container)) continue;
      if (isLive(container)) live.set(container, stored);
      else if (clock.now() - Date.parse(offset.time) < UNKNOWN_CONTAINER_MS) unknown.push(stored);
    }
    live.delete(checkpoint.container);
    unknown.sort((a, b) => (a.offset.time < b.offset.time ? 1 : -1));
    const { metadata, left } = writeCheckpoints([checkpoint, ...live.values(), ...unknown]);
    if (left > unknown.length) throw new TooManyContainersError(id);
    return metadata;
  }

  /** Gives a log with its content, if that is small. */
  async #logOf(key: string, signal?: AbortSignal): Promise<DayLog> {
    const known = this.#logs.get(key);
    const lacksContent = known?.info && !known.content && known.info.size <= SMALL_LOG_BYTES;
    if (known && !lacksContent) return known;
    const found = await getLog(this.#options.store, this.#options.bucket, key, { signal });
    if (!found) return {};
    const { body, ...info } = found;
    if (info.size <= SMALL_LOG_BYTES) return { info, content: await new Response(body).bytes() };
    await body.cancel();
    return { info };
  }

  #remember(id: string, checkpoint: LogCheckpoint): void {
    if (!this.#options.isLive(checkpoint.container)) return;
    const checkpoints = this.#checkpoints.get(id) ?? new Map<string, LogCheckpoint>();
    checkpoints.set(checkpoint.container, checkpoint);
    this.#checkpoints.set(id, checkpoints);
  }

  async #ensureBucket(signal?: AbortSignal): Promise<void> {
    if (this.#hasBucket) return;
    await this.#options.store.ensureBucket(this.#options.bucket, { signal });
    this.#hasBucket = true;
  }
}

/** @returns `undefined` if the content before is unknown, or the sum is not small. */
function append(before: Uint8Array | undefined, bytes: Uint8Array): Uint8Array | undefined {
  if (!before || before.length + bytes.length > SMALL_LOG_BYTES) return undefined;
  return Buffer.concat([before, bytes]);
}
