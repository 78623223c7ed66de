/**
 * Handles the operations on schedules.
 *
 * @module
 */

import { Limiter } from "../../lib/util/limiter.ts";
import type { Schedule, ScheduleSummary } from "../contract/schedules.ts";
import { previewSchedule, type SchedulePreview } from "../cron/schedule_preview.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { field, type Fields } from "../documents/document_fields.ts";
import { splitConfig } from "../documents/berth_settings.ts";
import type { RevisionHistory } from "../revisions/revision_history.ts";
import { parseScheduleDocument } from "../schedules/schedule_document.ts";
import type { RunNowRefusal } from "../schedules/schedule_reconciler.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem, notFound } from "./api_problem.ts";
import { type DocumentWriter, etagOf, type WrittenDocument } from "./document_writer.ts";
import type { Handlers } from "./handlers.ts";
import { limitsViewOf } from "./limits_view.ts";
import { revisionSummaryOf } from "./revision_view.ts";
import { toRun } from "./run_view.ts";
import { scheduleView } from "./schedule_view.ts";

type ScheduleOperation =
  | "listSchedules"
  | "getSchedule"
  | "putSchedule"
  | "deleteSchedule"
  | "enableSchedule"
  | "disableSchedule"
  | "runSchedule"
  | "getScheduleTimes"
  | "previewCron";

/** Parts that the handlers share with others. */
export interface ScheduleHandlerTools {
  /** Writes documents. */
  readonly writer: DocumentWriter;
  /** The revisions. */
  readonly revisions: RevisionHistory;
}

/** Number of schedules whose run records are read at once. */
const MAX_CONCURRENT_LEDGERS = 16;
/** Number of next times in the answer about one schedule. */
const SHOWN_TIMES = 5;

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 * @param tools The parts that they share with others.
 */
export function scheduleHandlers(
  parts: ApiParts,
  { writer, revisions }: ScheduleHandlerTools,
): Handlers<ScheduleOperation> {
  const { schedules, runs, scheduleService, clock, settings } = parts;
  const lastRunOf = async (id: string, signal: AbortSignal) => (await runs.list(id, { limit: 1, signal }))[0];
  const read = async (id: string, signal: AbortSignal): Promise<BotDocument> => {
    const document = await schedules.get(id, { signal });
    if (!document) throw await missingSchedule(parts, id, signal);
    return document;
  };
  const preview = ({ expression, timezone, calendar }: Times, count: number) => {
    const now = Math.floor(clock.now() / 1000);
    return previewSchedule(expression, {
      count,
      now,
      calendars: settings.calendars,
      ...(timezone !== undefined && { timezone }),
      ...(calendar !== undefined && { calendar }),
    });
  };

  return {
    async listSchedules({ query, signal }) {
      const stored = (await schedules.list({ signal })).sort((a, b) => (a.key < b.key ? -1 : 1));
      const text = query.text?.toLowerCase();
      const found: ScheduleSummary[] = [];
      let hasMore = false;
      for (const one of stored) {
        if (query.cursor !== undefined && one.key <= query.cursor) continue;
        if (text !== undefined && !one.key.toLowerCase().includes(text)) continue;
        const summary = scheduleView(one, clock.now(), settings);
        if (query.state !== undefined && summary.state !== query.state) continue;
        hasMore = found.length === query.limit;
        if (hasMore) break;
        found.push(summary);
      }
      const limit = new Limiter(MAX_CONCURRENT_LEDGERS);
      const rows = await Promise.all(found.map((summary) =>
        limit.run(async () => {
          const lastRun = await lastRunOf(summary.id, signal);
          return { ...summary, ...(lastRun && { lastRun: toRun(lastRun) }) };
        }, signal)
      ));
      return { body: { schedules: rows, ...(hasMore && { next: found.at(-1)!.id }) } };
    },

    async getSchedule({ params: { id }, signal }) {
      const document = await read(id, signal);
      const [lastRun, open] = await Promise.all([
        lastRunOf(id, signal),
        runs.listOpen({ scheduleId: id, signal }),
      ]);
      const parsed = parseScheduleDocument(document, id, settings);
      const next = preview(timesOf(document), SHOWN_TIMES);
      const body: Schedule = {
        ...scheduleView({ key: id, document }, clock.now(), settings),
        ...(parsed.status === "valid" && { limits: limitsViewOf(parsed.executable, parts.settings) }),
        ...(lastRun && { lastRun: toRun(lastRun) }),
        ...revisionSummaryOf(await revisions.latest(id, { signal })),
        document,
        times: "problem" in next ? [] : timesIn(next),
        clockNotes: "problem" in next ? [] : [...next.notes],
        openRuns: open.map(toRun),
      };
      return { body, headers: { etag: etagOf(document) } };
    },

    async putSchedule({ params: { id }, body, header, signal }) {
      const document = { ...body, id };
      const parsed = parseScheduleDocument(document, id, settings);
      if (parsed.status === "invalid") throw new ApiProblem(422, "document/invalid", parsed.reason);
      const written = await writer.change("schedules", id, (before) => ({
        type: before ? "updated" : "created",
        document,
      }), { ifMatch: header("if-match"), signal });
      return { ...changed(id, written), status: written.isNew ? 201 : 200 };
    },

    async deleteSchedule({ params: { id }, header, signal }) {
      await writer.change("schedules", id, (before) => {
        if (!before) throw notFound("schedule", id);
        return { type: "deleted" };
      }, { ifMatch: header("if-match"), signal });
      return {};
    },

    enableSchedule: async ({ params: { id }, header, signal }) =>
      changed(id, await writer.setEnabled("schedules", id, true, { ifMatch: header("if-match"), signal })),

    disableSchedule: async ({ params: { id }, header, signal }) =>
      changed(id, await writer.setEnabled("schedules", id, false, { ifMatch: header("if-match"), signal })),

    async runSchedule({ params: { id }, caller, signal }) {
      if (!scheduleService) {
        await read(id, signal);
        throw new ApiProblem(503, "schedules/not-served", "This process does not serve schedules.", {
          advice: "Ask the process whose SERVICES contains schedules.",
        });
      }
      const result = await scheduleService.runNow(id, { requestedBy: caller.name, signal });
      if ("code" in result) {
        throw result.code === "not-found" ? await missingSchedule(parts, id, signal) : refusal(result);
      }
      const location = `/api/runs/${encodeURIComponent(result.record.id)}`;
      return { status: 202, body: toRun(result.record), headers: { location } };
    },

    async getScheduleTimes({ params: { id }, query, signal }) {
      return { body: shown(preview(timesOf(await read(id, signal)), query.count)) };
    },

    previewCron: ({ query }) => Promise.resolve({ body: shown(preview(query, query.count)) }),
  };
}

/** The parts that determine a schedule's times. */
interface Times {
  readonly expression: string;
  readonly timezone?: string | undefined;
  readonly calendar?: string | undefined;
}

/** The expression, the time zone and the calendar of a document, whatever else it contains. */
function timesOf(document: BotDocument): Times {
  const config = (field(document as Fields, "config") ?? {}) as Fields;
  const expression = field(config, "schedule");
  const { berth } = splitConfig(config);
  const [timezone, calendar] = [field(berth, "timezone"), field(berth, "calendar")];
  return {
    expression: typeof expression === "string" ? expression : "",
    timezone: typeof timezone === "string" ? timezone : undefined,
    calendar: typeof calendar === "string" ? calendar : undefined,
  };
}

function shown(preview: SchedulePreview | { readonly problem: string }) {
  if ("problem" in preview) {
    throw new ApiProblem(422, "schedule/never-runs", `This schedule cannot run: ${preview.problem}.`);
  }
  const { expression, reading, timezone, notes } = preview;
  return { expression, reading, timezone, times: timesIn(preview), notes: [...notes] };
}

function timesIn({ times }: SchedulePreview) {
  return times.map(({ slot, local }) => ({ utc: new Date(slot * 1000).toISOString(), local }));
}

function changed(id: string, { document = {} }: WrittenDocument) {
  const etag = etagOf(document);
  return { body: { id, enabled: parseScheduleDocument(document, id).enabled, etag }, headers: { etag } };
}

function refusal({ code, problem, run }: RunNowRefusal): ApiProblem {
  switch (code) {
    case "not-found":
      return new ApiProblem(404, "schedule/not-found", problem);
    case "invalid":
      return new ApiProblem(422, "document/invalid", problem);
    case "in-progress":
      return new ApiProblem(409, "run/in-progress", problem, {
        advice: "Wait until it ends, or set concurrency_policy to Allow or Replace.",
        ...(run && { run: run.id }),
      });
    case "held":
      return new ApiProblem(409, "schedule/latched", problem, {
        advice: "Release it, or give the schedule another id.",
      });
    case "not-serving":
      return new ApiProblem(503, "schedules/not-serving", problem, {
        advice: "Ask the service that serves the schedules, or try again soon.",
        headers: { "retry-after": "5" },
      });
  }
}

/** People mix up the two kinds, which share their ids. */
async function missingSchedule({ bots }: ApiParts, id: string, signal: AbortSignal): Promise<ApiProblem> {
  if (!await bots.get(id, { signal })) return notFound("schedule", id);
  return new ApiProblem(404, "schedule/not-found", `There is no schedule '${id}', but a bot of that id.`, {
    advice: `It has no runs: 'berth describe ${id}' says how it is, and 'berth logs ${id}' what it prints.`,
  });
}
