/**
 * Reads logs from the service.
 *
 * @module
 */

import { BerthError } from "../../lib/errors.ts";
import { backoffMs } from "../../lib/util/backoff.ts";
import { systemClock } from "../../lib/util/clock.ts";
import type { Problem } from "../../services/contract/common.ts";
import type { OperationInput } from "../../services/contract/contract.ts";
import type { LogEnd, LogHit, LogLine } from "../../services/contract/logs.ts";
import { type ApiClient, ApiError } from "./api_client.ts";
import { NoServiceError } from "./api_connection.ts";
import { linesOf, readEvents } from "./event_stream.ts";

/** An item from a log. */
export type LogUpdate =
  /** A line. */
  | { readonly kind: "line"; readonly line: LogLine }
  /** All lines up to now are given. */
  | { readonly kind: "live" }
  /** Newer lines cannot be read, at the moment if the log is followed. */
  | { readonly kind: "problem"; readonly problem: Problem }
  /** The service does not answer any more; the reading goes on once it does. */
  | { readonly kind: "lost" }
  /** The service answers again. */
  | { readonly kind: "back" };

/** Waits between tries to reach a service that was there before. */
const RECONNECT = { minMs: 200, maxMs: 2000 };
const TOO_MANY_REQUESTS = 429;

/**
 * Reads a log up to now.
 *
 * @param client The client.
 * @param id Id of the bot or schedule.
 * @param query Which lines.
 * @param signal Ends it.
 */
export async function* readLog(
  client: ApiClient,
  id: string,
  query: OperationInput<"readLogs">["query"],
  signal: AbortSignal,
): AsyncGenerator<LogUpdate> {
  const response = await client.request("readLogs", { params: { id }, query }, { signal });
  for await (const text of linesOf(response)) {
    const line: LogLine & LogEnd = JSON.parse(text);
    yield line.problem ? { kind: "problem", problem: line.problem } : { kind: "line", line };
  }
}

/**
 * Follows a log. If the connection breaks, for example since the service starts again, it goes on where it was.
 *
 * @param client The client.
 * @param id Id of the bot or schedule.
 * @param query Which lines to begin with.
 * @param signal Ends it, without an error.
 * @throws {NoServiceError} If no service answers at the beginning.
 * @throws {ApiError} If the service refuses.
 */
export async function* followLog(
  client: ApiClient,
  id: string,
  query: OperationInput<"followLogs">["query"],
  signal: AbortSignal,
): AsyncGenerator<LogUpdate> {
  let lastId: string | undefined;
  let hasBegun = false;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
      const response = await client.request("followLogs", { params: { id }, query }, { signal, headers });
      if (failures > 0) yield { kind: "back" };
      hasBegun = true;
      failures = 0;
      for await (const event of readEvents(response)) {
        lastId = event.id ?? lastId;
        const update = updateOf(event.type, event.data);
        if (update) yield update;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (!hasBegun || isRefusal(error)) throw error;
    }
    if (signal.aborted) return;
    if (failures++ === 0) yield { kind: "lost" };
    await systemClock.sleep(backoffMs(failures, RECONNECT), signal).catch(() => {});
  }
}

/**
 * Searches the logs of all bots to the end.
 *
 * @param client The client.
 * @param query The search.
 * @param signal Ends it.
 */
export async function* searchLogs(
  client: ApiClient,
  query: OperationInput<"searchLogs">["query"],
  signal: AbortSignal,
): AsyncGenerator<LogHit> {
  let cursor: string | undefined;
  do {
    const page = { ...query, ...(cursor !== undefined && { cursor }) };
    const response = await client.request("searchLogs", { query: page }, { signal });
    cursor = undefined;
    for await (const text of linesOf(response)) {
      const line: LogHit & LogEnd = JSON.parse(text);
      if (line.next === undefined) yield line;
      else cursor = line.next;
    }
  } while (cursor !== undefined);
}

function updateOf(type: string, data: string): LogUpdate | undefined {
  if (type === "live") return { kind: "live" };
  if (type === "problem") return { kind: "problem", problem: JSON.parse(data) };
  return type === "message" ? { kind: "line", line: JSON.parse(data) } : undefined;
}

/** Whether the service will not change its mind. */
function isRefusal(error: unknown): boolean {
  if (error instanceof ApiError) return error.status < 500 && error.status !== TOO_MANY_REQUESTS;
  return error instanceof BerthError && !(error instanceof NoServiceError) && error.code !== "service/answer";
}
