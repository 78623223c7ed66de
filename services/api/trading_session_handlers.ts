/**
 * Handles the operations on trading sessions.
 *
 * @module
 */

import { parseScheduleDocument } from "../schedules/schedule_document.ts";
import type { ApiParts } from "./api_parts.ts";
import type { Handlers } from "./handlers.ts";
import type { ListDocuments } from "./listed_documents.ts";
import { usedCalendarOf } from "./session_views.ts";

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 * @param listBots Lists the documents of the bots.
 */
export function tradingSessionHandlers(
  { schedules, settings }: Pick<ApiParts, "schedules" | "settings">,
  listBots: ListDocuments,
): Handlers<"listTradingSessions"> {
  return {
    async listTradingSessions({ query: { days }, signal }) {
      const used = new Map<string, { name: string; bots: string[]; schedules: string[] }>();
      const note = (name: string | undefined, kind: "bots" | "schedules", id: string) => {
        if (name === undefined) return;
        const use = used.get(name) ?? { name, bots: [], schedules: [] };
        use[kind].push(id);
        used.set(name, use);
      };
      // A calendar that is not known makes a document invalid, and is said there.
      for (const [key, parsed] of await listBots(signal)) {
        if (parsed.status === "valid" && parsed.enabled) {
          note(parsed.settings.session?.calendar, "bots", key);
        }
      }
      for (const { key, document } of await schedules.list({ signal })) {
        const parsed = parseScheduleDocument(document, key, settings);
        if (parsed.status !== "valid" || !parsed.enabled) continue;
        const { calendar, followed } = parsed.cron;
        for (const name of new Set([calendar, followed])) note(name, "schedules", key);
      }
      const names = [...used.keys()].sort();
      return {
        body: { calendars: names.map((name) => usedCalendarOf(used.get(name)!, days, settings.calendars)) },
      };
    },
  };
}
