/**
 * Reads the log of one bot for all its followers.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { BerthError, EngineUnavailableError } from "../../lib/errors.ts";
import { LogCursor } from "../../lib/logs/log_cursor.ts";
import type { PlacedLogLine } from "../../lib/logs/log_position.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { encodeLine } from "./log_events.ts";

/** A line that was read, as it is sent. */
export interface LiveLine {
  /** The line. */
  readonly text: string;
  /** The event. */
  readonly event: Uint8Array<ArrayBuffer>;
  /** The cursor after it. */
  readonly cursor: LogCursor;
}

/** Lines that are kept for followers that are slower than others, in bytes of their events. */
const KEPT_BYTES = 1024 ** 2;

/** Reads a log as long as somebody follows it. */
export class LiveLog {
  readonly #runner: Pick<Runner, "readLogs">;
  readonly #clock: Clock;
  readonly #id: string;
  readonly #ending = new AbortController();
  readonly #lines: LiveLine[] = [];
  #firstIndex = 0;
  #keptBytes = 0;
  #cursor: LogCursor | undefined;
  #problem: BerthError | undefined;
  #failure: unknown;
  #change = Promise.withResolvers<void>();
  #isAnnounced = false;
  #group: { readonly from: number; readonly to: number; readonly bytes: Uint8Array } | undefined;

  /**
   * Begins to read.
   *
   * @param id Id of the bot.
   * @param runner Reads the log.
   * @param clock The clock.
   */
  constructor(id: string, runner: Pick<Runner, "readLogs">, clock: Clock) {
    this.#id = id;
    this.#runner = runner;
    this.#clock = clock;
    this.#run().catch((error) => {
      this.#failure = error ?? new Error("The reading ended");
      this.#announce();
    });
  }

  /** How far the log is read, and the index after its last line; `undefined` before that is known. */
  get end(): { readonly cursor: LogCursor; readonly index: number } | undefined {
    return this.#cursor && { cursor: this.#cursor, index: this.#firstIndex + this.#lines.length };
  }

  /** Why new lines cannot be read at the moment. */
  get problem(): BerthError | undefined {
    return this.#problem;
  }

  /** Why the log is not read any more. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Resolves when something changes. */
  get change(): Promise<void> {
    return this.#change.promise;
  }

  /**
   * Gives the lines from an index on.
   *
   * @param index The index.
   * @returns `undefined` if they are not kept any more.
   */
  from(index: number): readonly LiveLine[] | undefined {
    return index < this.#firstIndex ? undefined : this.#lines.slice(index - this.#firstIndex);
  }

  /** The events of lines, which followers share. @param from Index of the first. @param lines The lines. */
  eventsOf(from: number, lines: readonly LiveLine[]): Uint8Array {
    const to = from + lines.length;
    if (this.#group?.from === from && this.#group.to === to) return this.#group.bytes;
    const bytes = lines.length === 1 ? lines[0]!.event : Buffer.concat(lines.map(({ event }) => event));
    this.#group = { from, to, bytes };
    return bytes;
  }

  /** Ends the reading. */
  close(): void {
    this.#ending.abort(new DOMException("Nobody follows the log", "AbortError"));
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const where = this.#cursor ? { after: this.#cursor } : { tail: 0 };
        const lines = this.#runner.readLogs(this.#id, {
          ...where,
          follow: true,
          signal,
          onUpToDate: (cursor) => {
            this.#cursor ??= cursor;
            this.#problem = undefined;
            failures = 0;
            this.#announce();
          },
        });
        for await (const line of lines) this.#add(line);
        if (!signal.aborted) throw new EngineUnavailableError("The log ended.");
      } catch (error) {
        // Engine and object store may come back.
        if (!(error instanceof BerthError)) throw error;
        this.#problem = error;
        this.#announce();
      }
      await this.#clock.sleep(backoffMs(++failures, RETRY.resync), signal).catch(() => {});
    }
  }

  #add(line: PlacedLogLine): void {
    const cursor = (this.#cursor ?? LogCursor.BEGIN).after(line);
    const event = encodeLine(line, cursor);
    this.#cursor = cursor;
    this.#lines.push({ text: line.text, event, cursor });
    this.#keptBytes += event.length;
    while (this.#keptBytes > KEPT_BYTES && this.#lines.length > 1) {
      this.#keptBytes -= this.#lines.shift()!.event.length;
      this.#firstIndex++;
    }
    this.#announce();
  }

  /** Lines that are read together are announced once. */
  #announce(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    setTimeout(() => {
      this.#isAnnounced = false;
      const { resolve } = this.#change;
      this.#change = Promise.withResolvers();
      resolve();
    });
  }
}
