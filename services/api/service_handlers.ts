/**
 * Handles the operations on the service itself.
 *
 * @module
 */

import type { ApiParts } from "./api_parts.ts";
import type { Audit } from "./audit.ts";
import type { Handlers } from "./handlers.ts";
import { docsPage } from "./docs_page.ts";
import { pageResponse } from "./html_page.ts";
import type { OpenApiDocument } from "./openapi_document.ts";
import type { LookAtParts } from "./shared_look.ts";

type ServiceOperation = "getService" | "listAudit" | "getOpenApi" | "getDocs" | "getHome";

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 * @param audit The audit.
 * @param look Looks at the parts of the service.
 */
export function serviceHandlers(
  parts: ApiParts,
  audit: Audit,
  look: LookAtParts,
): Handlers<ServiceOperation> {
  const { settings, clock, process } = parts;
  const startedAt = clock.now();
  const version = process?.version ?? "unknown";
  let document: OpenApiDocument | undefined;
  // Loaded on demand, so that the service starts sooner.
  const openApi = async () => document ??= (await import("./openapi_document.ts")).openApiDocument(version);
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

    getOpenApi: async () => ({ body: await openApi() as unknown as Record<string, unknown> }),

    getDocs: async () => pageResponse(docsPage(await openApi())),

    getHome: async ({ header }) => (await import("../dashboard/dashboard.ts")).dashboardPage(header),
  };
}
