/**
 * Handles the operations on statistics.
 *
 * @module
 */

import type { ApiParts } from "./api_parts.ts";
import type { Handlers } from "./handlers.ts";

/**
 * Makes the handlers. Clients that ask at the same time share one measurement.
 *
 * @param parts The dependencies of the API.
 */
export function statsHandlers(
  { usage }: Pick<ApiParts, "usage">,
): Handlers<"getStats" | "getBotStats" | "getBotUsage"> {
  return {
    getStats: async ({ signal }) => ({ body: { containers: [...await usage.measure(signal)] } }),

    async getBotStats({ params: { id }, signal }) {
      return { body: { containers: [...await usage.measureOne(id, signal)] } };
    },

    getBotUsage: ({ params: { id } }) => Promise.resolve({ body: { points: usage.historyOf(id) } }),
  };
}
