/**
 * How far one reading of a log has come.
 *
 * @module
 */

import { ContainerNotFoundError } from "../errors.ts";
import { Wakeup } from "../util/wakeup.ts";
import type { ContainerLines } from "./container_lines.ts";
import type { StoredLogLine } from "./line_format.ts";
import { LogCursor } from "./log_cursor.ts";
import { LinePlacer, type PlacedLogLine } from "./log_position.ts";
import type { LogWatcher } from "./log_watcher.ts";

/** A container whose lines are read. */
export interface FollowedContainer {
  /** Its lines. */
  readonly lines: ContainerLines;
  /** Notices when it prints. */
  readonly watcher: LogWatcher;
}

/** The state of one reading of a log. */
export class LogReading {
  /** The place after the last line. */
  cursor: LogCursor;
  /** Whether lines that were in a container before may be in the store now, so that the reading goes back to it. */
  isGapLeft = false;
  /** Whether {@linkcode begin} was called. */
  hasBegun = false;
  /** Containers that are read, by the engine's id. */
  readonly followed: Map<string, FollowedContainer> = new Map();
  /** Woken up by containers that print. */
  readonly wakeup: Wakeup = new Wakeup();
  #placer = new LinePlacer();

  /** @param after The place to begin after. @default {the beginning of the log} */
  constructor(after: LogCursor = LogCursor.BEGIN) {
    this.cursor = after;
  }

  /** Begins to read the store from the cursor on. */
  begin(): void {
    this.hasBegun = true;
    this.isGapLeft = false;
    this.followed.clear();
    this.#placer = new LinePlacer();
  }

  /** Gives lines their places. @param lines Lines in the order of the log. */
  async *place(lines: AsyncIterable<StoredLogLine>): AsyncGenerator<PlacedLogLine> {
    for await (const line of lines) {
      const placed = this.#placer.place(line);
      this.cursor = this.cursor.after(placed);
      yield placed;
    }
  }

  /** Ends with a container that is gone: its lines are in the store. */
  async *unlessGone(lines: AsyncIterable<StoredLogLine>): AsyncGenerator<StoredLogLine> {
    try {
      yield* lines;
    } catch (error) {
      if (!(error instanceof ContainerNotFoundError)) throw error;
      this.isGapLeft = true;
    }
  }
}
