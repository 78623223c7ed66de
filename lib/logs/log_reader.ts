/**
 * Reads the log of a bot: stored lines, then lines that are not stored yet, then lines as they are printed.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { EngineUnavailableError } from "../errors.ts";
import { type Clock, systemClock } from "../util/clock.ts";
import type { RedactorOf } from "./line_redactor.ts";
import type { LogCursor } from "./log_cursor.ts";
import type { PlacedLogLine } from "./log_position.ts";
import { LogStream, type LogStreamParts } from "./log_stream.ts";
import { LogStoreReader } from "./log_store_reader.ts";
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
  /**
   * Maximum length of the last lines together, in UTF-16 units: if they are longer, fewer are given, but at least one.
   *
   * @default {67_108_864}
   */
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

/**
 * Reads logs by the id of the bot, without a gap or a repeat between stored lines and lines from the engine: the stored
 * ones come with the offset up to which they go.
 */
export class LogReader {
  readonly #parts: LogStreamParts;

  constructor({ store, bucket, ...options }: LogReaderOptions) {
    this.#parts = { clock: systemClock, ...options, stored: new LogStoreReader(store, bucket) };
  }

  /** Reads a bot's log. @returns The lines, oldest first. */
  async *read(id: string, options: ReadLogsOptions = {}): AsyncGenerator<PlacedLogLine> {
    try {
      yield* new LogStream(this.#parts, id, options).lines();
    } catch (error) {
      if (!options.signal?.aborted) throw error;
    }
  }
}
