/**
 * Gives the lines of a container as they are printed.
 *
 * @module
 */

import type { ContainerOrchestrator, LogEntry } from "../engine/container_orchestrator.ts";
import { OffsetFinder } from "../engine/read_log_after.ts";
import { ContainerNotFoundError } from "../errors.ts";
import { backoffMs, RETRY } from "../util/backoff.ts";
import type { Clock } from "../util/clock.ts";
import { ContainerLines, type ContainerLinesOptions } from "./container_lines.ts";
import type { StoredLogLine } from "./line_format.ts";
import { LiveLine } from "./live_line.ts";

/** Which lines to give, and to whom. */
export interface FollowLinesOptions {
  /**
   * Where to begin: with the first line, with those after a time as the engine writes it, or with those that are printed
   * from now on.
   *
   * @default {"now"}
   */
  readonly from?: "begin" | "now" | { readonly after: string };
  /** Called with each line. Must return soon and must not throw. */
  readonly onLine: (line: LiveLine) => void;
  /** Called when lines begin (`true`) and cease (`false`) to arrive as they are printed. Must not throw. */
  readonly onConnection?: (isConnected: boolean) => void;
}

/** Options of a {@linkcode LineFollower}. */
export interface LineFollowerOptions extends FollowLinesOptions, Pick<ContainerLinesOptions, "redactor"> {}

/** How many entries before the last known one a stream begins with; the next is tried if that is not among them. */
const OVERLAPS: readonly (number | undefined)[] = [64, 1024, undefined];
/** How long a stream may take to come to the last known entry, in ms. */
const PLACE_LIMIT_MS = 2000;
/** How long a container may take to end after its log, in ms. */
const ENDING_MS = 100;

/**
 * Follows a container's log until the container ends. A followed log is exact only while the engine does not rotate its
 * files (docs/decisions/log-follow.md), so whatever looks out of order, and every new connection, is read from the files,
 * from the last known entry on. No line is repeated. Lines are missing only if a container prints so much that the engine
 * no longer has them when they are read, or rotates past whole files that the followed log then skips.
 */
export class LineFollower implements AsyncDisposable {
  readonly #orchestrator: Pick<ContainerOrchestrator, "readLog" | "getStatus">;
  readonly #container: string;
  readonly #clock: Clock;
  readonly #options: LineFollowerOptions;
  readonly #closing = new AbortController();
  readonly #lines: ContainerLines;
  readonly #done: Promise<void>;
  #stream = new AbortController();
  #overlap = 0;
  #hasBegun = false;
  #isConnected = false;
  #syncs: PromiseWithResolvers<void>[] = [];

  /** Begins to follow. */
  constructor(
    orchestrator: Pick<ContainerOrchestrator, "readLog" | "getStatus">,
    container: string,
    clock: Clock,
    options: LineFollowerOptions,
  ) {
    this.#orchestrator = orchestrator;
    this.#container = container;
    this.#clock = clock;
    this.#options = options;
    this.#lines = new ContainerLines(orchestrator, container, options);
    this.#done = this.#run();
  }

  /** Resolves when the container has ended and all of its lines are given, or after {@linkcode close}; never rejects. */
  get done(): Promise<void> {
    return this.#done;
  }

  /**
   * Makes sure that every line that the engine has now is given.
   *
   * @throws The error that keeps it from being read, or an `AbortError` if the follower ends.
   */
  async sync(): Promise<void> {
    const one = Promise.withResolvers<void>();
    if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
    this.#syncs.push(one);
    this.#stream.abort();
    await one.promise;
  }

  /** Stops following. */
  async close(): Promise<void> {
    this.#closing.abort(new DOMException("The lines are no longer followed", "AbortError"));
    await this.#done;
  }

  /** {@linkcode close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    let failures = 0;
    for (let hasEnded = false; !hasEnded && !signal.aborted;) {
      const asked = this.#syncs.splice(0);
      try {
        if (this.#hasBegun) await this.#readFiles(signal);
        else await this.#begin(signal);
        asked.forEach(({ resolve }) => resolve());
        hasEnded = await this.#follow(signal);
        failures = 0;
      } catch (error) {
        asked.forEach(({ reject }) => reject(error));
        this.#connected(false);
        if (error instanceof ContainerNotFoundError) break;
        await this.#clock.sleep(backoffMs(++failures, RETRY.log), signal).catch(() => {});
      }
    }
    this.#connected(false);
    if (!signal.aborted) this.#lines.endLines().forEach((line) => this.#give(line));
    this.#closing.abort(new DOMException("The container has ended", "AbortError"));
    for (const { reject } of this.#syncs.splice(0)) reject(signal.reason);
  }

  /** Gives what the engine has after the last known entry, exactly. */
  async #readFiles(signal: AbortSignal): Promise<void> {
    for await (const line of this.#lines.read({ signal })) this.#give(line);
  }

  /** Finds out what is there already. */
  async #begin(signal: AbortSignal): Promise<void> {
    const { from = "now" } = this.#options;
    const isOld = ({ time }: LogEntry) => from === "now" || (from !== "begin" && time <= from.after);
    await this.#lines.renewRedactor();
    const range = from === "begin" ? {} : from === "now" ? { tail: OVERLAPS[0] } : { since: from.after };
    for await (const entries of this.#orchestrator.readLog(this.#container, { ...range, signal })) {
      for (const entry of entries) isOld(entry) ? this.#lines.skip(entry) : this.#take(entry);
    }
    this.#hasBegun = true;
  }

  /**
   * Gives lines as they come, until the stream ends, looks out of order, or somebody wants the files read.
   *
   * @returns Whether the container has ended and everything is given.
   */
  async #follow(closing: AbortSignal): Promise<boolean> {
    if (this.#syncs.length > 0) return false;
    const stream = this.#stream = new AbortController();
    const signal = AbortSignal.any([closing, stream.signal]);
    const { offset } = this.#lines;
    const tail = offset && OVERLAPS[this.#overlap];
    const finder = offset && new OffsetFinder(offset, tail === undefined);
    const isPlaced = () => finder?.isFound ?? true;
    if (!isPlaced()) {
      this.#clock.sleep(PLACE_LIMIT_MS, signal).then(() => isPlaced() || stream.abort(), () => {});
    }
    let skipped = 0;
    let isInOrder = true;
    this.#connected(true);
    try {
      for await (const batch of this.#orchestrator.readLog(this.#container, { tail, follow: true, signal })) {
        const entries = finder && !finder.isFound ? finder.entriesAfter(batch) : batch;
        skipped += isPlaced() ? 0 : batch.length;
        isInOrder = entries.every((entry) => this.#takeInOrder(entry));
        if (!isInOrder || (tail !== undefined && skipped > tail)) break;
      }
    } catch (error) {
      if (!stream.signal.aborted || closing.aborted) throw error;
    }
    const isCutOff = stream.signal.aborted || !isInOrder || !isPlaced();
    stream.abort();
    this.#overlap = isPlaced() ? 0 : Math.min(this.#overlap + 1, OVERLAPS.length - 1);
    return !isCutOff && await this.#hasEnded(closing);
  }

  /** An engine ends a followed log with its container, but not always after its last line, and when it ends itself. */
  async #hasEnded(signal: AbortSignal): Promise<boolean> {
    this.#connected(false);
    const status = await this.#orchestrator.getStatus(this.#container, { signal });
    if (status?.phase === "exited") await this.#readFiles(signal);
    else if (status) await this.#clock.sleep(ENDING_MS, signal);
    return !status || status.phase === "exited";
  }

  /** @returns False if the entry may be one that was given before, or that a rotation has moved. */
  #takeInOrder(entry: LogEntry): boolean {
    const isNext = this.#lines.isNext(entry);
    if (isNext) this.#take(entry);
    return isNext;
  }

  #take(entry: LogEntry): void {
    // A reading that breaks off now goes on from here.
    this.#hasBegun = true;
    for (const line of this.#lines.take(entry)) this.#give(line);
  }

  #give({ time, stream, text }: StoredLogLine): void {
    if (stream !== "berth") this.#options.onLine(new LiveLine({ time, stream, text }));
  }

  #connected(isConnected: boolean): void {
    if (this.#isConnected === isConnected) return;
    this.#isConnected = isConnected;
    this.#options.onConnection?.(isConnected);
  }
}
