/**
 * Handles the operations for health probes and Prometheus.
 *
 * @module
 */

import { parseAccept } from "hono/utils/accept";
import type { Readiness } from "../contract/health.ts";
import type { PartAbout } from "../contract/service.ts";
import type { PageFormat } from "../metrics/write_page.ts";
import type { ApiParts } from "./api_parts.ts";
import type { Handlers } from "./handlers.ts";
import type { LookAtParts } from "./shared_look.ts";

type HealthOperation = "getHealth" | "getReadiness" | "scrapeMetrics";

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 * @param look Looks at the parts of the service.
 */
export function healthHandlers(
  { metrics }: Pick<ApiParts, "metrics">,
  look: LookAtParts,
): Handlers<HealthOperation> {
  return {
    getHealth: () => Promise.resolve({ body: { status: "ok" } }),

    async getReadiness({ signal }) {
      const readiness = readinessOf(await look(signal));
      return { status: readiness.ready ? 200 : 503, body: readiness };
    },

    scrapeMetrics({ header }) {
      const { contentType, body } = metrics.page(formatFor(header("accept")));
      const headers = { "content-type": contentType, "cache-control": "no-store" };
      return Promise.resolve(new Response(body, { headers }));
    },
  };
}

/** Callers need no token, so the answer shows no address and no path. */
function readinessOf(parts: readonly PartAbout[]): Readiness {
  return {
    ready: parts.every(({ state }) => state !== "problem"),
    parts: parts.map(({ name, state, code }) =>
      state === "problem"
        ? { name, ready: false, reason: `${PROBLEMS[name]}${code === undefined ? "" : ` (${code})`}` }
        : { name, ready: true }
    ),
  };
}

const PROBLEMS: Readonly<Record<PartAbout["name"], string>> = {
  documents: "the database cannot be used",
  objects: "the object store cannot be used",
  events: "the event bus cannot be used",
  engine: "the container engine cannot be used",
};

/** Selects the format that a client prefers. A browser gets the one that it shows as text. */
function formatFor(accept: string | undefined): PageFormat {
  const known = parseAccept(accept ?? "").filter(({ type, q }) => type in FORMATS && q > 0);
  // Sorted by preference.
  return FORMATS[known[0]?.type ?? ""] ?? "text";
}

const FORMATS: Readonly<Record<string, PageFormat>> = {
  "application/openmetrics-text": "openmetrics",
  "text/plain": "text",
};
