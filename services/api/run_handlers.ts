/**
 * Handles the operations on runs of schedules.
 *
 * @module
 */

import { slotLabel } from "../schedules/run_names.ts";
import {
  isOpenRun,
  type PageRunsOptions,
  type RunPlace,
  type RunRecord,
} from "../schedules/run_repository.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem, notFound } from "./api_problem.ts";
import type { ApiRequest, Handlers } from "./handlers.ts";
import { ndjsonResponse } from "./ndjson_response.ts";
import { readRunLog } from "./read_run_log.ts";
import { toRun } from "./run_view.ts";
import { storedResult } from "./stored_result.ts";

type RunOperation = "listRuns" | "listScheduleRuns" | "getRun" | "getRunLog" | "getRunResult";

/** How far the engine's clock may be from this process's, and how late a line may come after the end, in ms. */
const SLACK_MS = 60 * 60_000;
/** Maximum number of attempts that are read: more than a schedule may have. */
const MAX_ATTEMPTS = 101;

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 */
export function runHandlers(parts: ApiParts): Handlers<RunOperation> {
  const { runs } = parts;
  const read = async (id: string, signal: AbortSignal): Promise<RunRecord> => {
    const record = await runs.get(id, { signal });
    if (!record) throw notFound("run", id);
    return record;
  };
  const list = async (
    { query: { state, trigger, from, to, cursor, limit }, signal }: Pick<
      ApiRequest<"listScheduleRuns">,
      "query" | "signal"
    >,
    scheduleId?: string,
  ) => {
    const options: PageRunsOptions = {
      limit,
      signal,
      ...(scheduleId !== undefined && { scheduleId }),
      ...(state !== undefined && { state }),
      ...(trigger !== undefined && { trigger }),
      ...(from !== undefined && { from: toSlot(from) }),
      ...(to !== undefined && { to: toSlot(to) }),
      ...(cursor !== undefined && { after: readCursor(cursor) }),
    };
    const page = await runs.page(options);
    return { body: { runs: page.runs.map(toRun), ...(page.next && { next: writeCursor(page.next) }) } };
  };

  return {
    listRuns: ({ query: { schedule, ...query }, signal }) => list({ query, signal }, schedule),

    listScheduleRuns: ({ params: { id }, query, signal }) => list({ query, signal }, id),

    getRun: async ({ params: { runId }, signal }) => ({ body: toRun(await read(runId, signal)) }),

    async getRunLog({ params: { runId }, query: { tail, follow }, signal }) {
      const record = await read(runId, signal);
      const isOpen = isOpenRun(record);
      const attempts = isOpen ? MAX_ATTEMPTS : record.attempt;
      const slots = Array.from({ length: attempts }, (_, index) => slotLabel(record, index + 1));
      const { claimedAt, finishedAt } = record;
      const gone = new AbortController();
      const lines = readRunLog(parts, {
        id: record.scheduleId,
        slots,
        since: new Date(claimedAt.getTime() - SLACK_MS),
        ...(!isOpen && finishedAt && { until: new Date(finishedAt.getTime() + SLACK_MS) }),
      }, {
        tail,
        signal: AbortSignal.any([signal, gone.signal]),
        ...(follow && isOpen && {
          isOver: async (signal) => {
            const now = await runs.get(runId, { signal });
            return !now || !isOpenRun(now);
          },
        }),
      });
      return await ndjsonResponse(lines, () => gone.abort());
    },

    async getRunResult({ params: { runId }, signal }) {
      const record = await read(runId, signal);
      if (record.result !== undefined) return await storedResult(parts, record.result, signal);
      const why = isOpenRun(record)
        ? `it is ${record.state}`
        : record.resultStatus !== undefined
        ? `its result is ${record.resultStatus}`
        : `it was ${record.state}`;
      throw new ApiProblem(404, "run/no-result", `The run '${runId}' has no result: ${why}.`);
    },
  };
}

/** The first slot at or after a time. */
function toSlot(time: string): number {
  return Math.ceil(Date.parse(time) / 1000);
}

function writeCursor({ slot, id }: RunPlace): string {
  return `${slot}:${id}`;
}

function readCursor(cursor: string): RunPlace {
  const [, slot, id] = /^(-?\d{1,15}):([^]+)$/.exec(cursor) ?? [];
  if (slot === undefined || id === undefined) {
    const issue = { path: "query.cursor", message: "must be `next` of an earlier page" };
    throw new ApiProblem(400, "request/invalid", `${issue.path}: ${issue.message}`, { issues: [issue] });
  }
  return { slot: Number(slot), id };
}
