/**
 * Reads the log of a bot: what is stored, then what is not stored yet, then what is printed from now on.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { type Clock, systemClock } from "../util/clock.ts";
import { ContainerNotFoundError } from "../errors.ts";
import { ContainerLines } from "./container_lines.ts";
import type { StoredLogLine } from "./line_format.ts";
import { LogBell } from "./log_bell.ts";
import { type LogCheckpoint, readCheckpoints, shortContainerId } from "./log_checkpoints.ts";
import { StoredLogs } from "./stored_logs.ts";
import type { ObjectStore } from "../objects/object_store.ts";

/** What a {@linkcode LogReader} needs. */
export interface LogReaderOptions {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "readLog" | "listContainers">;
  /** Where the logs are kept. */
  readonly store: ObjectStore;
  /** Their bucket. */
  readonly bucket: string;
  /** Labels of the containers of a bot. */
  readonly labelsOf: (id: string) => Readonly<Record<string, string>>;
  /** The clock. @default {systemClock} */
  readonly clock?: Clock;
}

/** Which lines of a bot's log. */
export interface ReadLogsOptions {
  /** Only the last so many. @default all */
  readonly tail?: number;
  /** Only those at or after this time. @default all */
  readonly since?: Date;
  /** Go on with what is printed, also by later containers of the bot, until the signal is given. @default {false} */
  readonly follow?: boolean;
  /** Ends the reading: the lines end, without an error. */
  readonly signal?: AbortSignal;
}

/** Lines that are printed are given after so long, in ms, so that they are read a few at a time. */
const GATHER_MS = 100;
/** How often it is looked for new containers, in ms. */
const LOOK_MS = 1000;

/** One container that is followed. */
interface Followed {
  readonly lines: ContainerLines;
  bell?: LogBell;
}

/**
 * Reads logs by the id of the bot. Between what is stored and what the engine has there is neither a gap nor a repeat: the
 * stored lines come with the mark up to which they go.
 */
export class LogReader {
  readonly #options: LogReaderOptions;
  readonly #stored: StoredLogs;

  /**
   * Makes one; nothing is read yet.
   *
   * @param options See {@linkcode LogReaderOptions}.
   */
  constructor(options: LogReaderOptions) {
    this.#options = options;
    this.#stored = new StoredLogs(options.store, options.bucket);
  }

  /**
   * Reads a bot's log.
   *
   * @param id Id of the bot.
   * @param options Which lines.
   * @returns The lines, oldest first.
   */
  async *read(id: string, options: ReadLogsOptions = {}): AsyncGenerator<StoredLogLine> {
    const { signal } = options;
    try {
      yield* this.#read(id, options);
    } catch (error) {
      if (!signal?.aborted) throw error;
    }
  }

  async *#read(
    id: string,
    { tail, since, follow, signal }: ReadLogsOptions,
  ): AsyncGenerator<StoredLogLine> {
    const base = { ...(signal && { signal }) };
    // Before what is stored is read: what goes meanwhile is stored by then.
    const containers = await this.#containers(id, signal);
    const checkpoints = new Map<string, LogCheckpoint>();
    const stored = this.#stored.read(
      id,
      { ...base, ...(tail !== undefined && { tail }), ...(since && { since }) },
      (metadata) => {
        for (const checkpoint of readCheckpoints(metadata)) {
          const before = checkpoints.get(checkpoint.container);
          if (!before || before.entries < checkpoint.entries) {
            checkpoints.set(checkpoint.container, checkpoint);
          }
        }
      },
    );
    const isWanted = ({ time }: StoredLogLine) => !since || Date.parse(time) >= since.getTime();
    const last: StoredLogLine[] = [];
    const keep = (line: StoredLogLine) => {
      last.push(line);
      if (last.length > 2 * tail! + 1000) last.splice(0, last.length - tail!);
    };
    for await (const line of stored) {
      if (tail === undefined) yield line;
      else keep(line);
    }
    const followed = new Map<string, Followed>();
    const { orchestrator, clock = systemClock } = this.#options;
    for (const { id: containerId, isExited } of containers) {
      const after = checkpoints.get(shortContainerId(containerId))?.offset;
      const lines = new ContainerLines(orchestrator, containerId, clock, after);
      followed.set(containerId, { lines });
      for await (const line of unlessGone(lines.read({ isFinal: isExited, ...base }))) {
        if (!isWanted(line)) continue;
        if (tail === undefined) yield line;
        else keep(line);
      }
    }
    if (tail !== undefined && tail > 0) yield* last.slice(-tail);
    if (follow) yield* this.#follow(id, followed, signal);
  }

  async *#follow(
    id: string,
    followed: Map<string, Followed>,
    signal?: AbortSignal,
  ): AsyncGenerator<StoredLogLine> {
    const { orchestrator, clock = systemClock } = this.#options;
    let ring = () => {};
    try {
      while (!signal?.aborted) {
        for (const { id: containerId, isExited } of await this.#containers(id, signal)) {
          const one = followed.get(containerId) ??
            { lines: new ContainerLines(orchestrator, containerId, clock) };
          followed.set(containerId, one);
          const isNew = !one.bell?.isOpen;
          if (isNew && !isExited) one.bell = new LogBell(orchestrator, containerId, () => ring());
          const expected = 2 * (one.bell?.entries ?? 0) + 64;
          const isQuiet = one.bell?.entries === 0 && !one.lines.hasOpenLine;
          if (isQuiet && !isNew && !isExited) continue;
          one.bell?.reset();
          const base = { expected, ...(signal && { signal }) };
          yield* unlessGone(one.lines.read({ isFinal: isExited, ...base }));
        }
        const rung = new Promise<void>((resolve) => ring = resolve);
        const isRinging = [...followed.values()].some(({ bell }) => bell?.isOpen && bell.entries > 0);
        const pause = new AbortController();
        const either = signal ? AbortSignal.any([signal, pause.signal]) : pause.signal;
        if (!isRinging) {
          await Promise.race([rung, delay(LOOK_MS, undefined, { signal: either }).catch(() => {})]);
          pause.abort();
        }
        await delay(GATHER_MS, undefined, { ...(signal && { signal }) }).catch(() => {});
      }
    } finally {
      for (const { bell } of followed.values()) bell?.close();
    }
  }

  async #containers(id: string, signal?: AbortSignal): Promise<{ id: string; isExited: boolean }[]> {
    const { orchestrator, labelsOf } = this.#options;
    const found = await orchestrator.listContainers({ labels: labelsOf(id), ...(signal && { signal }) });
    return found.filter(({ phase }) => phase !== "pending")
      .sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime())
      .map(({ id, phase }) => ({ id, isExited: phase === "exited" }));
  }
}

/** A container that has gone has its lines stored. */
async function* unlessGone(lines: AsyncIterable<StoredLogLine>): AsyncGenerator<StoredLogLine> {
  try {
    yield* lines;
  } catch (error) {
    if (!(error instanceof ContainerNotFoundError)) throw error;
  }
}
