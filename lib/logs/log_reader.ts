/**
 * Reads the log of a bot: stored lines, then lines that are not stored yet, then lines as they are printed.
 *
 * @module
 */

import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import type { LogOffset } from "../engine/log_offset.ts";
import { type Clock, systemClock } from "../util/clock.ts";
import { EngineUnavailableError } from "../errors.ts";
import { ContainerLines } from "./container_lines.ts";
import type { StoredLogLine } from "./line_format.ts";
import type { RedactorOf } from "./line_redactor.ts";
import { type LogCheckpoint, readCheckpoints, shortContainerId } from "./log_checkpoints.ts";
import { LastLines, type LastLinesLimits } from "./last_lines.ts";
import { linesAfter, linesUpTo, type LogCursor } from "./log_cursor.ts";
import { msOfSecond, type PlacedLogLine } from "./log_position.ts";
import { type FollowedContainer, LogReading } from "./log_reading.ts";
import { isInRange, LogStoreReader } from "./log_store_reader.ts";
import { expectedEntries, LogWatcher } from "./log_watcher.ts";
import type { ObjectStore } from "../objects/object_store.ts";

/** Options of {@linkcode LogReader}. */
export interface LogReaderOptions {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "readLog" | "listContainers">;
  /** Where the logs are kept. */
  readonly store: ObjectStore;
  /** Their bucket. */
  readonly bucket: string;
  /** Labels of the containers of a bot. */
  readonly labelsOf: (id: string) => Readonly<Record<string, string>>;
  /** Finds the redactor, which hides secrets in lines that are not stored. @default {nothing is hidden} */
  readonly redactorOf?: RedactorOf;
  /** The clock. @default {systemClock} */
  readonly clock?: Clock;
}

/** Which lines of a bot's log to read. */
export interface ReadLogsOptions {
  /** Only the last ones, at most this many. @default all */
  readonly tail?: number;
  /** Fewer last ones if they have more than this together, in UTF-16 units; at least one. @default {67_108_864} */
  readonly tailChars?: number;
  /**
   * Whether the positions of the lines of a tail are exact, so that a reader can go on after them. Lines of the same
   * second before them have to be read for that. Counts only for a tail that is not followed.
   *
   * @default {true}
   */
  readonly exactPositions?: boolean;
  /** Only those at or after this time. @default all */
  readonly since?: Date;
  /** Only those before this time. @default all */
  readonly until?: Date;
  /** Only those of these runs: slots of attempts, or the id of a backtest. @default all, also those of no run */
  readonly slots?: readonly string[];
  /** Only those after this cursor; `tail` and `since` do not count then. @default all */
  readonly after?: LogCursor;
  /** Only those up to this cursor; a `tail` counts them. @default all */
  readonly upTo?: LogCursor;
  /**
   * Called when the engine is down: newer lines than the given ones cannot be read. Not called when following.
   *
   * @default {the reading fails}
   */
  readonly onEngineAway?: (error: EngineUnavailableError) => void;
  /** Called once all lines up to now are given, and only new ones follow. The cursor counts lines of a `tail` of 0, too. */
  readonly onUpToDate?: (cursor: LogCursor) => void;
  /**
   * Whether to continue with new lines, also of later containers of the bot, until the signal aborts. @default {false}
   */
  readonly follow?: boolean;
  /** Ends the reading, without an error. */
  readonly signal?: AbortSignal;
}

/** How long printed lines are gathered before they are read, in ms. */
const GATHER_MS = 200;
/** How often the engine is asked for new containers, in ms. */
const POLL_INTERVAL_MS = 1000;

/**
 * Reads logs by the id of the bot, without a gap or a repeat between stored lines and lines from the engine: the stored
 * ones come with the offset up to which they go.
 */
export class LogReader {
  readonly #options: LogReaderOptions & { readonly clock: Clock };
  readonly #stored: LogStoreReader;

  constructor(options: LogReaderOptions) {
    this.#options = { clock: systemClock, ...options };
    this.#stored = new LogStoreReader(options.store, options.bucket);
  }

  /** Reads a bot's log. @returns The lines, oldest first. */
  async *read(id: string, options: ReadLogsOptions = {}): AsyncGenerator<PlacedLogLine> {
    const { signal } = options;
    try {
      yield* this.#read(id, options);
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  }

  async *#read(id: string, options: ReadLogsOptions): AsyncGenerator<PlacedLogLine> {
    const { after, until, tail, tailChars, follow, upTo, onUpToDate } = options;
    const { signal = new AbortController().signal } = options;
    let reading = new LogReading(after);
    const linesOf = (reading: LogReading) => {
      const whole = this.#readUpToNow(id, options, reading, signal);
      return upTo ? linesUpTo(whole, upTo) : whole;
    };
    if (after) yield* inRange(linesOf(reading), { until });
    else if (tail === undefined) yield* inRange(linesOf(reading), options);
    else {
      let last = await lastOf(inRange(linesOf(reading), options), { tail, tailChars });
      while (reading.isGapLeft) {
        reading = new LogReading();
        last = await lastOf(inRange(linesOf(reading), options), { tail, tailChars });
      }
      yield* last;
    }
    onUpToDate?.(reading.cursor);
    while (follow && !signal.aborted) {
      yield* reading.place(this.#follow(id, options, reading, signal));
      if (reading.isGapLeft) yield* this.#readUpToNow(id, options, reading, signal);
    }
  }

  /**
   * Reads all lines from the place of the reading on, also those that the store got from a container that went meanwhile.
   * Without exact positions, nobody knows where to go on after those: a gap is left.
   */
  async *#readUpToNow(
    id: string,
    options: ReadLogsOptions,
    reading: LogReading,
    signal: AbortSignal,
  ): AsyncGenerator<PlacedLogLine> {
    do {
      const isFirst = !reading.hasBegun;
      const after = reading.cursor.oldestSecond === undefined ? options.after : reading.cursor;
      const oldest = after?.oldestSecond;
      const begin = oldest === undefined ? undefined : new Date(msOfSecond(oldest));
      const since = after ? begin : options.since;
      const tail = after || !isFirst ? undefined : options.tail;
      reading.begin();
      const lines = reading.place(this.#readOnce(id, { ...options, since, tail }, reading, signal));
      yield* after ? linesAfter(lines, after) : lines;
    } while (reading.isGapLeft && options.exactPositions !== false);
  }

  #open({ id, labels }: ContainerInfo, reading: LogReading, after?: LogOffset): FollowedContainer {
    const { orchestrator, redactorOf } = this.#options;
    const redactor = redactorOf && (() => redactorOf(labels));
    const one = {
      lines: new ContainerLines(orchestrator, id, { after, run: labels[LABEL.slot], redactor }),
      watcher: new LogWatcher(orchestrator, id, () => reading.wakeup.wake()),
    };
    reading.followed.set(id, one);
    return one;
  }

  async *#readOnce(
    id: string,
    options: ReadLogsOptions,
    reading: LogReading,
    signal: AbortSignal,
  ): AsyncGenerator<StoredLogLine> {
    const { tail, tailChars, since, until, slots, onEngineAway, follow, exactPositions = true } = options;
    const { clock } = this.#options;
    const ifAway = (error: unknown) => {
      if (!onEngineAway || follow || !(error instanceof EngineUnavailableError)) throw error;
      onEngineAway(error);
    };
    // Listed before the stored lines are read: the lines of a container that went before are stored by then.
    const containers = await this.#containers(id, slots, signal).catch((error) => {
      ifAway(error);
      return [];
    });
    const checkpoints = new Map<string, LogCheckpoint>();
    const wanted = { tail, tailChars, since, until, slots, signal, wholeSecond: exactPositions };
    yield* this.#stored.read(id, wanted, (metadata) => {
      for (const checkpoint of readCheckpoints(metadata)) {
        const before = checkpoints.get(checkpoint.container);
        if (!before || before.entries < checkpoint.entries) checkpoints.set(checkpoint.container, checkpoint);
      }
    });
    try {
      for (const container of containers) {
        if (until && container.createdAt >= until) continue;
        const after = checkpoints.get(shortContainerId(container.id))?.offset;
        const { lines } = this.#open(container, reading, after);
        yield* reading.unlessGone(lines.read({ isFinal: hasExited(container), nowMs: clock.now(), signal }));
      }
    } catch (error) {
      ifAway(error);
    }
  }

  /** Ends when the signal is given, or when a container has gone before all of its lines were read. */
  async *#follow(
    id: string,
    { slots }: ReadLogsOptions,
    reading: LogReading,
    signal: AbortSignal,
  ): AsyncGenerator<StoredLogLine> {
    const { clock } = this.#options;
    const { followed, wakeup } = reading;
    const finished = new Set<string>();
    let containers: readonly ContainerInfo[] = [];
    let listedAt = -Infinity;
    // The engine ends the log of a container with the container.
    const hasChanged = () =>
      containers.some((one) => !hasExited(one) && !followed.get(one.id)?.watcher.isOpen);
    try {
      while (!signal.aborted) {
        wakeup.clear();
        const isListed = clock.monotonic() - listedAt >= POLL_INTERVAL_MS || hasChanged();
        if (isListed) {
          containers = await this.#containers(id, slots, signal);
          listedAt = clock.monotonic();
          const listed = new Set(containers.map(({ id }) => id));
          if ([...followed.keys()].some((id) => !listed.has(id) && !finished.has(id))) {
            reading.isGapLeft = true;
          }
        }
        for (const container of containers) {
          const isExited = hasExited(container);
          if (isExited && !isListed) continue;
          const { lines, watcher } = followed.get(container.id) ?? this.#open(container, reading);
          const wasOpen = watcher.isOpen;
          if (!wasOpen && !isExited) watcher.open();
          if (wasOpen && !isExited && watcher.entries === 0 && !lines.hasOpenLine) continue;
          const expected = expectedEntries(watcher.entries);
          watcher.reset();
          yield* reading.unlessGone(lines.read({ isFinal: isExited, nowMs: clock.now(), expected, signal }));
          if (isExited) finished.add(container.id);
        }
        if (reading.isGapLeft) return;
        await wakeup.sleep({ ms: POLL_INTERVAL_MS, clock, signal });
        await clock.sleep(GATHER_MS, signal).catch(() => {});
      }
    } finally {
      for (const { watcher } of followed.values()) watcher.close();
    }
  }

  async #containers(
    id: string,
    slots: readonly string[] | undefined,
    signal: AbortSignal,
  ): Promise<ContainerInfo[]> {
    const { orchestrator, labelsOf } = this.#options;
    const found = await orchestrator.listContainers({ labels: labelsOf(id), signal });
    return found.filter(({ phase }) => phase !== "pending")
      .filter(({ labels }) => !slots || slots.includes(labels[LABEL.slot] ?? ""))
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  }
}

function hasExited({ phase }: ContainerInfo): boolean {
  return phase === "exited";
}

async function* inRange(
  lines: AsyncIterable<PlacedLogLine>,
  range: Pick<ReadLogsOptions, "since" | "until">,
): AsyncGenerator<PlacedLogLine> {
  for await (const line of lines) if (isInRange(line, range)) yield line;
}

async function lastOf(
  lines: AsyncIterable<PlacedLogLine>,
  limits: LastLinesLimits,
): Promise<readonly PlacedLogLine[]> {
  const last = new LastLines<PlacedLogLine>(limits);
  for await (const line of lines) last.add(line);
  return last.lines;
}
