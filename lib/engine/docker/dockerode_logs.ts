/**
 * Reads a container's output from the Docker Engine, from its log or as it is printed.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { limitSilence } from "../../util/call_scope.ts";
import type { EngineCallOptions, LogEntry, OutputPiece, ReadLogOptions } from "../container_orchestrator.ts";
import { EngineError } from "../../errors.ts";
import { LogDemuxer, LogFormatError, type LogFrame } from "./log_demuxer.ts";
import { withoutPadding } from "./log_pieces.ts";
import type { DockerodeClient } from "./dockerode_client.ts";
import type { DockerodeContainers } from "./dockerode_containers.ts";
import type { DockerodeTimeLimits } from "./dockerode_time_limits.ts";

/** `2026-01-31T12:34:56Z` has 20 bytes. */
const MIN_TIME_BYTES = 20;
const MAX_TIME_BYTES = 64;

/** Reads the logs of containers. */
export class DockerodeLogs {
  readonly #client: Pick<DockerodeClient, "scope">;
  readonly #containers: Pick<DockerodeContainers, "openLogs" | "openAttach">;
  readonly #limits: Pick<DockerodeTimeLimits, "callMs">;

  constructor(
    client: Pick<DockerodeClient, "scope">,
    containers: Pick<DockerodeContainers, "openLogs" | "openAttach">,
    limits: Pick<DockerodeTimeLimits, "callMs">,
  ) {
    this.#client = client;
    this.#containers = containers;
    this.#limits = limits;
  }

  /**
   * Reads the entries of a container's log, in batches as they arrive.
   *
   * @param container Id or name.
   * @param options Which entries, and until when.
   * @returns The entries. Nothing is read while nobody asks for more; leaving early closes the connection.
   * @throws {ContainerNotFoundError} If there is no such container.
   * @throws {EngineUnavailableError} If the connection breaks. A followed log may end without an error before its
   * container does.
   */
  async *readEntries(container: string, options: ReadLogOptions): AsyncGenerator<readonly LogEntry[]> {
    const query = toLogQuery(options);
    using scope = this.#client.scope(`read the log of container '${container}'`, {
      signal: options.signal,
      limitMs: this.#limits.callMs,
    });
    const demuxer = new LogDemuxer();
    try {
      const opened = await this.#containers.openLogs(container, query, scope);
      if (options.follow) scope.endLimit();
      for await (const chunk of options.follow ? opened : limitSilence(opened, scope)) {
        const frames = demuxer.push(chunk);
        if (frames.length > 0) yield frames.map(toLogEntry);
      }
      demuxer.end();
    } catch (error) {
      throw scope.reasonFor(toLogError(container, error));
    }
  }

  /**
   * Attaches to a container's outputs. While nobody asks for more, the engine's pipe fills up, 1 MB of each output, and
   * the container blocks; leaving early closes the connection.
   *
   * @param container Id or name.
   * @param options Until when.
   * @returns The text that it prints from now on.
   * @throws As {@linkcode readEntries}; it ends without an error when the container ends, or its engine shuts down
   * cleanly.
   */
  async *attach(container: string, options: EngineCallOptions): AsyncGenerator<readonly OutputPiece[]> {
    using scope = this.#client.scope(`attach to container '${container}'`, {
      signal: options.signal,
      limitMs: this.#limits.callMs,
    });
    const demuxer = new LogDemuxer();
    try {
      const opened = await this.#containers.openAttach(container, scope);
      scope.endLimit();
      for await (const chunk of opened) {
        const frames = demuxer.push(chunk);
        if (frames.length > 0) yield frames.map(({ stream, payload }) => ({ stream, content: payload }));
      }
    } catch (error) {
      throw scope.reasonFor(toLogError(container, error));
    }
  }
}

const SPACE = 0x20;
/** `2026-01-31T12:34:56.123456789Z` */
const TIME_BYTES = 30;
const ZULU = 0x5a;
/** Five times as fast as a `TextDecoder`, which matters for a million lines. */
const latin1Slice = (Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
}).latin1Slice;

/** An engine that writes local times, or leaves zeros out, is understood, too. */
function toLogEntry({ stream, payload }: LogFrame): LogEntry {
  const isUsual = payload[TIME_BYTES] === SPACE && payload[TIME_BYTES - 1] === ZULU;
  const space = isUsual ? TIME_BYTES : payload.subarray(0, MAX_TIME_BYTES).indexOf(SPACE);
  if (space < MIN_TIME_BYTES) {
    throw new LogFormatError("The engine sent a log frame without a time in front.");
  }
  const time = latin1Slice.call(payload, 0, space);
  return {
    stream,
    time: isUsual ? time : toUtc(time),
    content: withoutPadding(payload.subarray(space + 1)),
  };
}

function toUtc(time: string): string {
  const [, seconds = "", fraction = "0", zone = ""] = RFC_3339.exec(time) ?? [];
  const date = new Date(seconds + zone);
  if (Number.isNaN(date.getTime())) {
    throw new LogFormatError("The engine sent a log frame without a time in front.");
  }
  return `${date.toISOString().slice(0, 19)}.${fraction.padEnd(9, "0")}Z`;
}

function toLogError(container: string, error: unknown): unknown {
  if (error instanceof LogFormatError) {
    const message = `Cannot read the log of container '${container}': ${error.message}`;
    return new EngineError(message, 200, { cause: error });
  }
  if (error instanceof EngineError && error.status === 501) {
    const message =
      `Cannot read the log of container '${container}': its log driver keeps nothing that can be ` +
      "read. Create it with the log driver 'json-file'.";
    return new EngineError(message, 501, { cause: error });
  }
  return error;
}

function toLogQuery(options: ReadLogOptions): Record<string, string | number> {
  return {
    stdout: 1,
    stderr: 1,
    timestamps: 1,
    follow: options.follow ? 1 : 0,
    ...(options.tail !== undefined && { tail: options.tail }),
    ...(options.since !== undefined && { since: toEngineTime(options.since) }),
  };
}

const RFC_3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/i;

/**
 * A time as the engine takes it: `seconds.nanoseconds`. It answers 500 to RFC 3339, and whole seconds would
 * repeat a second.
 */
function toEngineTime(time: string | Date): string {
  if (time instanceof Date) return toEngineTime(time.toISOString());
  const [, seconds = "", fraction = "", zone = ""] = RFC_3339.exec(time) ?? [];
  const whole = Date.parse(seconds + zone) / 1000;
  if (Number.isNaN(whole)) {
    throw new TypeError(`Cannot read logs since '${time}': it is not an RFC 3339 time.`);
  }
  return `${Math.max(0, whole)}.${fraction.slice(0, 9).padEnd(9, "0")}`;
}
