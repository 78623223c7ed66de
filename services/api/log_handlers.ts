/**
 * Handles the operations on logs and metrics.
 *
 * @module
 */

import { LogCursor } from "../../lib/logs/log_cursor.ts";
import type { LineMatcher, LinePattern } from "../../lib/logs/line_matcher.ts";
import type { LogSearch, LogSearchCursor, LogSearchQuery } from "../../lib/logs/log_search.ts";
import { LogStoreReader } from "../../lib/logs/log_store_reader.ts";
import { isBotId } from "../../lib/executable/bot_id.ts";
import { Limiter } from "../../lib/util/limiter.ts";
import { BerthError } from "../../lib/errors.ts";
import type { LogEnd } from "../contract/logs.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import { grouped, streamResponse } from "./body_stream.ts";
import type { Handlers } from "./handlers.ts";
import { lineJson } from "./log_events.ts";
import { followLog } from "./log_follower.ts";
import { LiveLogs } from "./live_logs.ts";
import { matchingLines } from "./matching_lines.ts";
import { readMetricRange } from "./read_metric_range.ts";
import { problemOf } from "./problem_response.ts";

type LogOperation = "readLogs" | "followLogs" | "searchLogs" | "getMetrics" | "getMetricRange";

const NDJSON = "application/x-ndjson";
/** How long one search takes, in ms, and how many run at once: each keeps the whole machine busy. */
const SEARCH_BUDGET_MS = 10_000;
const MAX_SEARCHES = 2;
/** How many ranges of metrics are read at once. */
const MAX_RANGES = 2;
const DAY_MS = 86_400_000;
const CURSOR = /^(\d{8})\/([^/]+)\/(\d{1,15})$/;

/** The handlers; disposing of them frees what they hold. */
export interface LogHandlers extends Disposable {
  /** The handlers. */
  readonly handlers: Handlers<LogOperation>;
}

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 */
export function logHandlers(parts: ApiParts): LogHandlers {
  const { runner, store, settings: { buckets }, clock } = parts;
  const live = new LiveLogs(runner, clock);
  const stored = new LogStoreReader(store, buckets.logs);
  let search: LogSearch | undefined;
  let searches = 0;
  const ranges = new Limiter(MAX_RANGES);

  async function requireKnown(id: string, signal: AbortSignal): Promise<void> {
    // The cheapest question first; each may be the only one that has an answer.
    if ((await stored.days(id, { signal })).length > 0) return;
    if (await parts.bots.get(id, { signal }) || await parts.schedules.get(id, { signal })) return;
    for (const kind of ["bot", "run", "backtest"] as const) {
      if ((await runner.findContainers(kind, id, { signal })).length > 0) return;
    }
    throw new ApiProblem(404, "logs/not-found", `There is no bot, schedule or log with the id '${id}'.`);
  }

  const handlers: Handlers<LogOperation> = {
    async readLogs({ params: { id }, query: { q, regex, since, until, tail }, signal }) {
      const matcher = await matcherOf(q, regex);
      await requireKnown(id, signal);
      return await streamResponse({
        contentType: NDJSON,
        signal,
        make: (signal) =>
          grouped(async function* (): AsyncGenerator<string | undefined> {
            let problem: unknown;
            try {
              const range = { ...dates({ since, until }), ...(tail !== undefined && { tail }) };
              const lines = matchingLines({
                runner,
                id,
                matcher,
                range: { ...range, signal, onEngineAway: (error) => problem = error },
              });
              for await (const read of lines) yield read && `${lineJson(read.line)}\n`;
            } catch (error) {
              if (!(error instanceof BerthError)) throw error;
              problem = error;
            }
            if (problem) yield endLine({ problem: problemOf(problem).problem });
          }()),
      });
    },

    async followLogs({ params: { id }, query: { q, regex, since, tail }, header, signal }) {
      const matcher = await matcherOf(q, regex);
      const after = cursorOf(header("last-event-id"));
      await requireKnown(id, signal);
      const range = { ...dates({ since }), ...(tail !== undefined && { tail }), ...(after && { after }) };
      return await streamResponse({
        contentType: "text/event-stream",
        signal,
        async *make(signal) {
          using followed = live.follow(id);
          yield* followLog({ id, live: followed.live, runner, range, matcher, clock, signal });
        },
      });
    },

    async searchLogs({ query: { q, regex, bots, from, to, limit, cursor }, signal }) {
      await matcherOf(q, regex);
      if (searches >= MAX_SEARCHES) {
        throw new ApiProblem(429, "search/busy", `${MAX_SEARCHES} searches run already.`, {
          advice: "Try again in a few seconds.",
          headers: { "retry-after": "5" },
        });
      }
      const { since, until } = dates({ since: from, until: to });
      const query: Omit<LogSearchQuery, "signal"> = {
        ...pattern(q, regex),
        ...(since && { since }),
        ...(until && { until }),
        ...(bots && { bots }),
        ...(cursor !== undefined && { cursor: searchCursorOf(cursor) }),
        limit,
        budgetMs: SEARCH_BUDGET_MS,
      };
      const { LogSearch } = await import("../../lib/logs/log_search.ts");
      const searcher = search ??= new LogSearch({ store, bucket: buckets.logs, clock });
      return await streamResponse({
        contentType: NDJSON,
        signal,
        make: (signal) =>
          grouped(async function* (): AsyncGenerator<string | undefined> {
            searches++;
            try {
              const found = searcher.search({ ...query, signal });
              while (true) {
                const { done, value } = await found.next();
                if (done) {
                  if (value.cursor) yield endLine({ next: formatSearchCursor(value.cursor) });
                  return;
                }
                yield value.map((hit) => `${JSON.stringify(hit)}\n`).join("");
                // Sent at once.
                yield undefined;
              }
            } finally {
              searches--;
            }
          }()),
      });
    },

    async getMetricRange({ params: { id }, query: { from, to, type, points }, signal }) {
      const end = to === undefined ? clock.now() : Date.parse(to);
      const begin = from === undefined ? end - DAY_MS : Date.parse(from);
      if (begin >= end) {
        throw new ApiProblem(400, "request/invalid", "query.from: must be before 'to'");
      }
      await requireKnown(id, signal);
      const range = { from: begin, to: end, points };
      const read = await ranges.run(
        () => readMetricRange(stored, id, { ...range, type, signal }),
        signal,
      );
      return { body: { from: new Date(begin).toISOString(), to: new Date(end).toISOString(), ...read } };
    },

    async getMetrics({ params: { id }, query: { type }, signal }) {
      const { counts, latest, recent } = runner.metricsOf(id);
      if (Object.keys(counts).length === 0) await requireKnown(id, signal);
      const only = <T>(all: Readonly<Record<string, T>>): Record<string, T> =>
        type === undefined ? { ...all } : Object.hasOwn(all, type) ? { [type]: all[type]! } : {};
      return {
        body: {
          counts: only(counts),
          latest: only(latest),
          recent: recent.filter((metric) => type === undefined || metric.type === type),
        },
      };
    },
  };
  return {
    handlers,
    [Symbol.dispose]() {
      live[Symbol.dispose]();
      search?.[Symbol.dispose]();
    },
  };
}

function pattern(text: string | undefined, regex: string | undefined): LinePattern {
  return { ...(text !== undefined && { text }), ...(regex !== undefined && { regex }) };
}

/** The library of regular expressions is loaded when somebody needs it. */
async function matcherOf(q: string | undefined, regex: string | undefined): Promise<LineMatcher | undefined> {
  if (q === undefined && regex === undefined) return undefined;
  const { LineMatcher } = await import("../../lib/logs/line_matcher.ts");
  return new LineMatcher(pattern(q, regex));
}

function dates({ since, until }: { since?: string | undefined; until?: string | undefined }) {
  return {
    ...(since !== undefined && { since: new Date(since) }),
    ...(until !== undefined && { until: new Date(until) }),
  };
}

function cursorOf(lastEventId: string | undefined): LogCursor | undefined {
  // A client that has got no event yet may send an empty id.
  if (lastEventId === undefined || lastEventId === "") return undefined;
  const cursor = LogCursor.parse(lastEventId);
  if (cursor) return cursor;
  throw new ApiProblem(400, "request/invalid", "Last-Event-ID is not the id of an event of this log.", {
    advice: "Leave it out, and give 'since' instead.",
  });
}

function searchCursorOf(text: string): LogSearchCursor {
  const [, day, bot, offset] = CURSOR.exec(text) ?? [];
  if (day !== undefined && bot !== undefined && isBotId(bot)) return { day, bot, offset: Number(offset) };
  throw new ApiProblem(400, "request/invalid", "query.cursor: is not the `next` of an answer", {
    advice: "Leave it out to search from the newest day on.",
  });
}

function formatSearchCursor({ day, bot, offset }: LogSearchCursor): string {
  return `${day}/${bot}/${offset}`;
}

function endLine(end: LogEnd): string {
  return `${JSON.stringify(end)}\n`;
}
