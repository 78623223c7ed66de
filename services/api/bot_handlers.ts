/**
 * Handles the operations on bots.
 *
 * @module
 */

import { BerthError } from "../../lib/errors.ts";
import type { StoredLogLine } from "../../lib/logs/line_format.ts";
import type { ExitHistory } from "../bots/exit_history.ts";
import type { Calendars } from "../calendars/calendar.ts";
import type { Bot, BotSummary } from "../contract/bots.ts";
import { parseBotDocument } from "../documents/bot_document.ts";
import type { BotSettings } from "../documents/bot_settings.ts";
import type { RevisionHistory } from "../revisions/revision_history.ts";
import type { StartHistory } from "../revisions/start_history.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem, notFound } from "./api_problem.ts";
import { botAdviceOf, botExitsOf, botSummaryOf, startOf } from "./bot_view.ts";
import { type DocumentWriter, etagOf, type WrittenDocument } from "./document_writer.ts";
import { guardsOf, latchesOf } from "./guard_handlers.ts";
import type { Handlers } from "./handlers.ts";
import type { ListDocuments } from "./listed_documents.ts";
import { limitsViewOf } from "./limits_view.ts";
import { restartRefusal } from "./restart_refusal.ts";
import { revisionSummaryOf } from "./revision_view.ts";
import { botSessionOf } from "./session_views.ts";

type BotOperation =
  | "listBots"
  | "getBot"
  | "putBot"
  | "deleteBot"
  | "enableBot"
  | "disableBot"
  | "restartBot";

/** Parts that the handlers share with others. */
export interface BotHandlerTools {
  /** Writes documents. */
  readonly writer: DocumentWriter;
  /** The last ends of containers. */
  readonly exits: ExitHistory;
  /** The last starts of containers. */
  readonly starts: StartHistory;
  /** The revisions. */
  readonly revisions: RevisionHistory;
  /** Lists the documents. */
  readonly listDocuments: ListDocuments;
}

/** Lines of a log that are searched for those before the last ends. */
const MAX_LINES = 500;
/** How much these may have together, in UTF-16 units. */
const MAX_LINES_CHARS = 1024 * 1024;
/** Longest time for reading them, in ms. */
const LINES_TIMEOUT_MS = 3000;

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 * @param tools The parts that they share with others.
 */
export function botHandlers(
  parts: ApiParts,
  { writer, exits, starts, revisions, listDocuments }: BotHandlerTools,
): Handlers<BotOperation> {
  const { bots, botService, runner } = parts;

  function trouble(unreached: string | undefined): { trouble?: string } {
    const why = unreached ??
      (botService ? botService.trouble : "this process does not run the bot service");
    return why === undefined ? {} : { trouble: why };
  }

  /** The ends of containers are shown even if their lines cannot be read. */
  async function lastLines(id: string, signal: AbortSignal): Promise<StoredLogLine[]> {
    const lines: StoredLogLine[] = [];
    const limit = AbortSignal.any([signal, AbortSignal.timeout(LINES_TIMEOUT_MS)]);
    try {
      const which = {
        tail: MAX_LINES,
        tailChars: MAX_LINES_CHARS,
        exactPositions: false,
        // Stored lines are shown without the engine.
        onEngineAway: () => {},
        signal: limit,
      };
      for await (const line of runner.readLogs(id, which)) lines.push(line);
    } catch (error) {
      if (!(error instanceof BerthError)) throw error;
    }
    return lines;
  }

  return {
    async listBots({ query, caller, unreached, signal }) {
      const stored = await listDocuments(signal, caller.isPassedOn);
      const statuses = new Map(botService?.state.getAllRunningBots().map((status) => [status.id, status]));
      const text = query.text?.toLowerCase();
      const found: BotSummary[] = [];
      // A container without a document is a bot, too.
      for (const id of [...new Set([...stored.keys(), ...statuses.keys()])].sort()) {
        if (query.cursor !== undefined && id <= query.cursor) continue;
        if (text !== undefined && !id.toLowerCase().includes(text)) continue;
        const status = statuses.get(id);
        if (query.state !== undefined && query.state !== (status?.condition.type ?? "unknown")) continue;
        const parsed = stored.get(id);
        const summary = {
          ...botSummaryOf({ id, parsed, status }),
          ...guardsOf(parts.guards, id, parsed),
        };
        if (query.label !== undefined && !hasLabel(summary, query.label)) continue;
        if (found.length === query.limit) {
          return { body: { bots: found, next: found.at(-1)!.id, ...trouble(unreached) } };
        }
        found.push(summary);
      }
      return { body: { bots: found, ...trouble(unreached) } };
    },

    async getBot({ params: { id }, signal }) {
      const document = await bots.get(id, { signal });
      const status = botService?.state.getRunningBot(id);
      if (!document && !status) throw await missingBot(parts, id, signal);
      const kept = await exits.read(id, { signal });
      const started = await starts.read(id, { signal });
      const parsed = document && parseBotDocument(document, { key: id });
      const known = { id, parsed, status };
      const advice = botAdviceOf(known);
      const lines = await lastLines(id, signal);
      const lastOutput = lines.findLast(({ stream }) => stream !== "berth")?.time;
      const body: Bot = {
        ...botSummaryOf(known),
        ...guardsOf(parts.guards, id, parsed),
        ...latchesOf(parts.guards, id, parsed),
        ...(document && { document }),
        ...(parsed?.status === "valid" && {
          restart: parsed.settings.restart ?? "always",
          limits: limitsViewOf(parsed.executable, parts.settings),
          ...(parsed.executable.accounts && { accounts: [...parsed.executable.accounts] }),
          ...healthOf(parsed.settings),
          ...sessionOf(parsed.settings, parts.settings.calendars),
        }),
        ...(lastOutput !== undefined && { lastOutput: new Date(lastOutput).toISOString() }),
        ...revisionSummaryOf(await revisions.latest(id, { signal })),
        ...startOf(started, status?.containerId),
        exits: botExitsOf(kept, lines, started),
        ...(advice !== undefined && { advice }),
      };
      return { body, ...(document && { headers: { etag: etagOf(document) } }) };
    },

    async putBot({ params: { id }, body, header, signal }) {
      const document = { ...body, id };
      const parsed = parseBotDocument(document, parts.settings);
      if (parsed.status === "invalid") throw new ApiProblem(422, "document/invalid", parsed.reason);
      const written = await writer.change("bots", id, (before) => ({
        type: before ? "updated" : "created",
        document,
      }), { ifMatch: header("if-match"), signal });
      return { ...changed(id, written), status: written.isNew ? 201 : 200 };
    },

    async deleteBot({ params: { id }, header, signal }) {
      await writer.change("bots", id, (before) => {
        if (!before) throw notFound("bot", id);
        return { type: "deleted" };
      }, { ifMatch: header("if-match"), signal });
      return {};
    },

    async enableBot({ params: { id }, caller, header, signal }) {
      starts.ask(id, "enable", caller.name);
      return changed(id, await writer.setEnabled("bots", id, true, { ifMatch: header("if-match"), signal }));
    },

    disableBot: async ({ params: { id }, header, signal }) =>
      changed(id, await writer.setEnabled("bots", id, false, { ifMatch: header("if-match"), signal })),

    async restartBot({ params: { id }, caller, signal }) {
      const document = await bots.get(id, { signal });
      if (!document) throw await missingBot(parts, id, signal);
      const refusal = restartRefusal(id, document, parts);
      if (refusal) throw refusal;
      starts.ask(id, "restart", caller.name);
      if (!botService?.restart(id)) {
        throw new ApiProblem(
          409,
          "bot/not-served",
          `This service does not look after bot '${id}', or not yet.`,
          {
            advice: "Retry in a moment; 'berth ps' says whether the service stands by.",
          },
        );
      }
      return { ...changed(id, { document, isNew: false }), status: 202 };
    },
  };
}

function changed(id: string, { document = {} }: WrittenDocument) {
  const etag = etagOf(document);
  return { body: { id, enabled: parseBotDocument(document).enabled, etag }, headers: { etag } };
}

function hasLabel({ labels = {} }: BotSummary, wanted: string): boolean {
  const at = wanted.indexOf("=");
  const name = at < 0 ? wanted : wanted.slice(0, at);
  return Object.hasOwn(labels, name) && (at < 0 || labels[name] === wanted.slice(at + 1));
}

/** People mix up the two kinds, which share their ids. */
function healthOf({ health }: BotSettings): Pick<Bot, "health"> {
  if (!health) return {};
  const { command, ...rest } = health;
  return { health: { ...rest, ...(command && { command: [...command] }) } };
}

function sessionOf({ session }: BotSettings, calendars: Calendars): Pick<Bot, "session"> {
  return session ? { session: botSessionOf(session, calendars) } : {};
}

async function missingBot({ schedules }: ApiParts, id: string, signal: AbortSignal): Promise<ApiProblem> {
  if (!await schedules.get(id, { signal })) return notFound("bot", id);
  return new ApiProblem(404, "bot/not-found", `There is no bot '${id}', but a schedule of that id.`, {
    advice: `'berth run-now ${id}' runs it; the API has it at /api/schedules/${id}.`,
  });
}
