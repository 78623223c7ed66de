/**
 * The lines of a bot's log, for one reader.
 *
 * @module
 */

import type { ContainerInfo } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import type { LogOffset } from "../engine/log_offset.ts";
import { ContainerNotFoundError, EngineUnavailableError } from "../errors.ts";
import type { Clock } from "../util/clock.ts";
import { Wakeup } from "../util/wakeup.ts";
import { ContainerLines } from "./container_lines.ts";
import { LastLines } from "./last_lines.ts";
import type { StoredLogLine } from "./line_format.ts";
import { type LogCheckpoint, readCheckpoints, shortContainerId } from "./log_checkpoints.ts";
import { linesAfter, linesUpTo, LogCursor } from "./log_cursor.ts";
import { LinePlacer, msOfSecond, type PlacedLogLine } from "./log_position.ts";
import type { LogReaderOptions, ReadLogsOptions } from "./log_reader.ts";
import { isInRange, type LogStoreReader } from "./log_store_reader.ts";
import { expectedEntries, LogWatcher } from "./log_watcher.ts";

/** The parts that all streams share. */
export interface LogStreamParts extends Pick<LogReaderOptions, "orchestrator" | "labelsOf" | "redactorOf"> {
  /** Reads the stored lines. */
  readonly stored: LogStoreReader;
  /** The clock. */
  readonly clock: Clock;
}

/** A container whose lines are read. */
interface FollowedContainer {
  readonly lines: ContainerLines;
  /** Notices when it prints. */
  readonly watcher: LogWatcher;
}

/** How long printed lines are gathered before they are read, in ms. */
const GATHER_MS = 200;
/** How often the engine is asked for new containers, in ms. */
const POLL_INTERVAL_MS = 1000;

/** Streams the log of a bot to one reader, and knows how far it has come. */
export class LogStream {
  readonly #parts: LogStreamParts;
  readonly #id: string;
  readonly #options: ReadLogsOptions;
  readonly #signal: AbortSignal;
  /** Containers that are read, by the engine's id. */
  readonly #followed = new Map<string, FollowedContainer>();
  /** Woken up by containers that print. */
  readonly #wakeup = new Wakeup();
  /** The place after the last line. */
  #cursor: LogCursor;
  #placer = new LinePlacer();
  /** Whether lines that were in a container before may be in the store now, so that the stream goes back to it. */
  #isGapLeft = false;

  constructor(parts: LogStreamParts, id: string, options: ReadLogsOptions) {
    const { after, signal } = options;
    this.#parts = parts;
    this.#id = id;
    this.#options = after ? { ...options, tail: undefined, since: undefined } : options;
    this.#signal = signal ?? new AbortController().signal;
    this.#cursor = after ?? LogCursor.BEGIN;
  }

  /** Reads the lines, the oldest first. */
  async *lines(): AsyncGenerator<PlacedLogLine> {
    const { tail, follow, onUpToDate } = this.#options;
    if (tail === undefined) yield* this.#wanted();
    else yield* await this.#lastOnes(tail);
    onUpToDate?.(this.#cursor);
    while (follow && !this.#signal.aborted) {
      yield* this.#place(this.#follow());
      if (this.#isGapLeft) yield* this.#upToNow();
    }
  }

  async *#wanted(): AsyncGenerator<PlacedLogLine> {
    const { tail, upTo } = this.#options;
    const lines = this.#upToNow(tail);
    for await (const line of upTo ? linesUpTo(lines, upTo) : lines) {
      if (isInRange(line, this.#options)) yield line;
    }
  }

  async #lastOnes(tail: number): Promise<readonly PlacedLogLine[]> {
    const { tailChars } = this.#options;
    while (true) {
      const last = new LastLines<PlacedLogLine>({ tail, tailChars });
      for await (const line of this.#wanted()) last.add(line);
      if (!this.#isGapLeft) return last.lines;
      this.#cursor = LogCursor.BEGIN;
    }
  }

  /**
   * Reads all lines from the cursor on, also those that the store got from a container that went meanwhile. Without exact
   * positions, nobody knows where to go on after those: a gap is left.
   *
   * @param tail How many of the last lines to read where none is read yet. @default all
   */
  async *#upToNow(tail?: number): AsyncGenerator<PlacedLogLine> {
    const { exactPositions = true } = this.#options;
    do {
      const after = this.#cursor;
      const second = after.oldestSecond;
      this.#isGapLeft = false;
      this.#followed.clear();
      this.#placer = new LinePlacer();
      if (second === undefined) yield* this.#place(this.#once(this.#options.since, tail));
      else yield* linesAfter(this.#place(this.#once(new Date(msOfSecond(second)))), after);
      tail = undefined;
    } while (this.#isGapLeft && exactPositions);
  }

  /** Gives lines their places. @param lines Lines in the order of the log. */
  async *#place(lines: AsyncIterable<StoredLogLine>): AsyncGenerator<PlacedLogLine> {
    for await (const line of lines) {
      const placed = this.#placer.place(line);
      this.#cursor = this.#cursor.after(placed);
      yield placed;
    }
  }

  async *#once(since: Date | undefined, tail?: number): AsyncGenerator<StoredLogLine> {
    const { tailChars, until, slots, onEngineAway, follow, exactPositions = true } = this.#options;
    const { stored, clock } = this.#parts;
    const signal = this.#signal;
    const ifAway = (error: unknown) => {
      if (!onEngineAway || follow || !(error instanceof EngineUnavailableError)) throw error;
      onEngineAway(error);
    };
    // Listed before the stored lines are read: the lines of a container that went before are stored by then.
    const containers = await this.#containers().catch((error) => {
      ifAway(error);
      return [];
    });
    const checkpoints = new Map<string, LogCheckpoint>();
    const wanted = { tail, tailChars, since, until, slots, signal, wholeSecond: exactPositions };
    yield* stored.read(this.#id, wanted, (metadata) => {
      for (const checkpoint of readCheckpoints(metadata)) {
        const before = checkpoints.get(checkpoint.container);
        if (!before || before.entries < checkpoint.entries) checkpoints.set(checkpoint.container, checkpoint);
      }
    });
    try {
      for (const container of containers) {
        if (until && container.createdAt >= until) continue;
        const after = checkpoints.get(shortContainerId(container.id))?.offset;
        const { lines } = this.#open(container, after);
        yield* this.#unlessGone(lines.read({ isFinal: hasExited(container), nowMs: clock.now(), signal }));
      }
    } catch (error) {
      ifAway(error);
    }
  }

  /** Ends when the signal is given, or when a container has gone before all of its lines were read. */
  async *#follow(): AsyncGenerator<StoredLogLine> {
    const { clock } = this.#parts;
    const signal = this.#signal;
    const finished = new Set<string>();
    let containers: readonly ContainerInfo[] = [];
    let listedAt = -Infinity;
    // The engine ends the log of a container with the container.
    const hasChanged = () =>
      containers.some((one) => !hasExited(one) && !this.#followed.get(one.id)?.watcher.isOpen);
    try {
      while (!signal.aborted) {
        this.#wakeup.clear();
        const isListed = clock.monotonic() - listedAt >= POLL_INTERVAL_MS || hasChanged();
        if (isListed) {
          containers = await this.#containers();
          listedAt = clock.monotonic();
          const listed = new Set(containers.map(({ id }) => id));
          if ([...this.#followed.keys()].some((id) => !listed.has(id) && !finished.has(id))) {
            this.#isGapLeft = true;
          }
        }
        for (const container of containers) {
          const isFinal = hasExited(container);
          if (isFinal && !isListed) continue;
          const { lines, watcher } = this.#followed.get(container.id) ?? this.#open(container);
          const wasOpen = watcher.isOpen;
          if (!wasOpen && !isFinal) watcher.open();
          if (wasOpen && !isFinal && watcher.entries === 0 && !lines.hasOpenLine) continue;
          const expected = expectedEntries(watcher.entries);
          watcher.reset();
          yield* this.#unlessGone(lines.read({ isFinal, nowMs: clock.now(), expected, signal }));
          if (isFinal) finished.add(container.id);
        }
        if (this.#isGapLeft) return;
        await this.#wakeup.sleep({ ms: POLL_INTERVAL_MS, clock, signal });
        await clock.sleep(GATHER_MS, signal).catch(() => {});
      }
    } finally {
      for (const { watcher } of this.#followed.values()) watcher.close();
    }
  }

  #open({ id, labels }: ContainerInfo, after?: LogOffset): FollowedContainer {
    const { orchestrator, redactorOf } = this.#parts;
    const redactor = redactorOf && (() => redactorOf(labels));
    const one = {
      lines: new ContainerLines(orchestrator, id, { after, run: labels[LABEL.slot], redactor }),
      watcher: new LogWatcher(orchestrator, id, () => this.#wakeup.wake()),
    };
    this.#followed.set(id, one);
    return one;
  }

  /** Ends with a container that is gone: its lines are in the store. */
  async *#unlessGone(lines: AsyncIterable<StoredLogLine>): AsyncGenerator<StoredLogLine> {
    try {
      yield* lines;
    } catch (error) {
      if (!(error instanceof ContainerNotFoundError)) throw error;
      this.#isGapLeft = true;
    }
  }

  async #containers(): Promise<ContainerInfo[]> {
    const { orchestrator, labelsOf } = this.#parts;
    const { slots } = this.#options;
    const found = await orchestrator.listContainers({ labels: labelsOf(this.#id), signal: this.#signal });
    return found.filter(({ phase }) => phase !== "pending")
      .filter(({ labels }) => !slots || slots.includes(labels[LABEL.slot] ?? ""))
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  }
}

function hasExited({ phase }: ContainerInfo): boolean {
  return phase === "exited";
}
