/**
 * Handles the operations on the service itself.
 *
 * @module
 */

import type { PartAbout } from "../contract/service.ts";
import type { ApiParts } from "./api_parts.ts";
import type { Audit } from "./audit.ts";
import type { Handlers } from "./handlers.ts";
import { docsPage } from "./docs_page.ts";
import { homePage } from "./home_page.ts";
import { pageResponse } from "./html_page.ts";
import { openApiDocument } from "./openapi_document.ts";

/** How old what is known of servers and engine may be, in ms. */
const FRESH_MS = 10_000;

type ServiceOperation = "getService" | "listAudit" | "getOpenApi" | "getDocs" | "getHome";

/**
 * Makes the handlers.
 *
 * @param parts What the API works with.
 * @param audit The audit.
 */
export function serviceHandlers(parts: ApiParts, audit: Audit): Handlers<ServiceOperation> {
  const { settings, clock, process } = parts;
  const startedAt = clock.now();
  const version = process?.version ?? "unknown";
  let document: ReturnType<typeof openApiDocument> | undefined;
  const openApi = () => document ??= openApiDocument(version);
  const look = sharedLook(parts);
  return {
    async getService({ caller, signal }) {
      return {
        body: {
          version,
          instance: settings.instance,
          segment: settings.segment,
          startedAt: new Date(startedAt).toISOString(),
          uptimeSeconds: Math.max(0, Math.round((clock.now() - startedAt) / 1000)),
          caller: { name: caller.name, role: caller.role },
          serving: [...process?.serving() ?? []],
          parts: [...await look(signal)],
          configuration: { ...process?.configuration },
        },
      };
    },

    listAudit: async ({ query }) => ({ body: await audit.list(query) }),

    getOpenApi: () => Promise.resolve({ body: openApi() as unknown as Record<string, unknown> }),

    getDocs: () => Promise.resolve(pageResponse(docsPage(openApi()))),

    getHome: ({ caller }) => Promise.resolve(pageResponse(homePage(caller, settings.instance, version))),
  };
}

/** Several callers share one look, and the next ones within ten seconds see the same. */
function sharedLook({ process, clock }: ApiParts): (signal: AbortSignal) => Promise<readonly PartAbout[]> {
  let lookedAt = -Infinity;
  let look: Promise<readonly PartAbout[]> | undefined;
  return async (signal) => {
    if (!process) return [];
    if (!look || clock.monotonic() - lookedAt >= FRESH_MS) {
      lookedAt = clock.monotonic();
      // Another caller may wait for it, so no caller's signal ends it; each part has a time limit.
      look = process.look(new AbortController().signal);
      look.catch(() => look = undefined);
    }
    signal.throwIfAborted();
    return await look;
  };
}
