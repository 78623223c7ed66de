/**
 * Handles the operations on bots.
 *
 * @module
 */

import { describeCondition, type RunningBot } from "../bots/bot_condition.ts";
import type { Bot, BotSummary } from "../contract/bots.ts";
import { parseBotDocument } from "../documents/bot_document.ts";
import type { StoredBot } from "../documents/bot_repository.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem, notFound } from "./api_problem.ts";
import { type DocumentWriter, etagOf, type WrittenDocument } from "./document_writer.ts";
import type { Handlers } from "./handlers.ts";

type BotOperation =
  | "listBots"
  | "getBot"
  | "putBot"
  | "deleteBot"
  | "enableBot"
  | "disableBot"
  | "restartBot";

/**
 * Makes the handlers.
 *
 * @param parts What the API works with.
 * @param writer Writes documents.
 */
export function botHandlers({ bots, botService }: ApiParts, writer: DocumentWriter): Handlers<BotOperation> {
  return {
    async listBots({ query, signal }) {
      const stored = (await bots.list({ signal })).sort((a, b) => (a.key < b.key ? -1 : 1));
      const statuses = new Map(botService?.state.getAllRunningBots().map((status) => [status.id, status]));
      const text = query.text?.toLowerCase();
      const found: BotSummary[] = [];
      for (const one of stored) {
        if (query.cursor !== undefined && one.key <= query.cursor) continue;
        if (text !== undefined && !one.key.toLowerCase().includes(text)) continue;
        const summary = summaryOf(one, statuses.get(one.key));
        if (query.state !== undefined && summary.state !== query.state) continue;
        if (found.length === query.limit) return { body: { bots: found, next: found.at(-1)!.id } };
        found.push(summary);
      }
      return { body: { bots: found } };
    },

    async getBot({ params: { id }, signal }) {
      const document = await bots.get(id, { signal });
      if (!document) throw notFound("bot", id);
      const summary = summaryOf({ key: id, document }, botService?.state.getRunningBot(id));
      const body: Bot = { ...summary, document, exits: [] };
      return { body, headers: { etag: etagOf(document) } };
    },

    async putBot({ params: { id }, body, header, signal }) {
      const document = { ...body, id };
      const parsed = parseBotDocument(document);
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

    enableBot: async ({ params: { id }, header, signal }) =>
      changed(id, await writer.setEnabled("bots", id, true, { ifMatch: header("if-match"), signal })),

    disableBot: async ({ params: { id }, header, signal }) =>
      changed(id, await writer.setEnabled("bots", id, false, { ifMatch: header("if-match"), signal })),

    restartBot() {
      throw new ApiProblem(409, "bot/not-running", "not yet");
    },
  };
}

function changed(id: string, { document = {} }: WrittenDocument) {
  const etag = etagOf(document);
  return { body: { id, enabled: parseBotDocument(document).enabled, etag }, headers: { etag } };
}

function summaryOf({ key, document }: StoredBot, status: RunningBot | undefined): BotSummary {
  const parsed = parseBotDocument(document, { key });
  const condition = status?.condition;
  return {
    id: key,
    enabled: parsed.enabled,
    state: condition?.type ?? "unknown",
    condition: condition ? describeCondition(condition) : "not looked at yet",
    ...(status && { since: status.conditionSince.toISOString() }),
    ...(condition && "until" in condition && condition.until && { until: condition.until.toISOString() }),
    ...(parsed.status === "valid" && {
      ...(parsed.executable.version !== undefined && { version: parsed.executable.version }),
      runtime: parsed.executable.runtime,
    }),
    ...(status?.attempt !== undefined && { attempt: status.attempt }),
    ...(status?.startedAt && { startedAt: status.startedAt.toISOString() }),
    ...(status?.containerId !== undefined && { containerId: status.containerId }),
    ...(status?.notes && { notes: [...status.notes] }),
  };
}
