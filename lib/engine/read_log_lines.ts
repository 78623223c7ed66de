/**
 * Reads a container's log line by line.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import { EngineUnavailableError } from "../errors.ts";
import type { ContainerOrchestrator, GetLogsOptions, LogEntry, LogLine } from "./container_orchestrator.ts";
import { decodePieces, LineJoiner } from "./line_joiner.ts";
import { OffsetCounter, toOffset } from "./log_offset.ts";
import { type LogBatch, readLogAfter } from "./read_log_after.ts";

/** A container whose log has ended is asked this often, at this interval in ms, whether it has exited. */
const EXIT_CHECKS = 20;
const EXIT_CHECK_INTERVAL_MS = 100;

/**
 * Reads a container's log, see {@linkcode ContainerOrchestrator.getLogs}. Reads only as fast as lines are taken; leaving
 * early ends the reading.
 *
 * @param container Id or name.
 * @param options Which lines, and until when.
 * @returns The lines, in the engine's order.
 * @throws {ContainerNotFoundError} If there is no such container.
 * @throws {EngineUnavailableError} If the connection breaks, or a followed log ends before its container does.
 */
export async function* readLogLines(
  orchestrator: Pick<ContainerOrchestrator, "readLog" | "getStatus">,
  container: string,
  options: GetLogsOptions = {},
): AsyncGenerator<LogLine> {
  const lines: LogLine[] = [];
  const joiner = new LineJoiner((stream, time, pieces) =>
    lines.push({ time, stream, text: decodePieces(pieces) })
  );
  const counter = new OffsetCounter();
  const take = () => lines.splice(0);
  for await (const entries of orchestrator.readLog(container, options)) {
    for (const entry of entries) {
      counter.count(entry);
      joiner.push(entry);
    }
    yield* take();
  }
  if (options.follow) {
    if (!await hasExited(orchestrator, container, options.signal)) return;
    // An engine ends a followed log with its container, but not always after its last line; by now the log is complete.
    for await (const entries of readRest(orchestrator, container, options, counter)) {
      entries.forEach((entry) => joiner.push(entry));
      yield* take();
    }
  }
  joiner.closeLines();
  yield* take();
}

/** Reads what comes after the last entry that was counted. */
async function* readRest(
  orchestrator: Pick<ContainerOrchestrator, "readLog">,
  container: string,
  options: GetLogsOptions,
  counter: OffsetCounter,
): AsyncGenerator<readonly LogEntry[]> {
  const { last } = counter;
  if (!last) return yield* orchestrator.readLog(container, { ...options, follow: false });
  const after = toOffset(last);
  // The ordinals of a followed log may be wrong, so that the last entry is not found: then the times decide.
  const isNew = ({ stream, time }: LogEntry) => time > counter.lastTimeOf(stream);
  const rest: AsyncIterable<LogBatch> = readLogAfter(orchestrator, container, {
    after,
    signal: options.signal,
  });
  let isAfterGap = false;
  for await (const batch of rest) {
    isAfterGap ||= batch.isAfterGap ?? false;
    yield isAfterGap ? batch.entries.filter(isNew) : batch.entries;
  }
}

/**
 * Waits for the exit of a container whose log has ended: an engine that shuts down ends its logs without an error.
 *
 * @returns False if the container is gone.
 */
async function hasExited(
  orchestrator: Pick<ContainerOrchestrator, "getStatus">,
  container: string,
  signal?: AbortSignal,
): Promise<boolean> {
  for (let check = 0; check < EXIT_CHECKS; check++) {
    const status = await orchestrator.getStatus(container, { signal });
    if (!status) return false;
    if (status.phase === "exited") return true;
    await delay(EXIT_CHECK_INTERVAL_MS, undefined, { signal }).catch(() => signal?.throwIfAborted());
  }
  throw new EngineUnavailableError(
    `The engine ended the log of container '${container}', which still runs. Read the log again from its last line.`,
  );
}
