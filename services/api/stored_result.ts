/**
 * Answers with a stored result.
 *
 * @module
 */

import { ObjectNotFoundError } from "../../lib/errors.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";

/**
 * Answers with a result, byte for byte.
 *
 * @param parts Where the results are.
 * @param key Key of the result in the results bucket.
 * @param signal Cancels the call.
 * @throws {ApiProblem} 404 if somebody has removed it.
 */
export async function storedResult(
  { store, settings: { buckets } }: Pick<ApiParts, "store" | "settings">,
  key: string,
  signal: AbortSignal,
): Promise<Response> {
  try {
    const { body, size } = await store.get(buckets.results, key, { signal });
    return new Response(body, {
      headers: {
        "content-type": "application/json",
        "content-length": String(size),
        "cache-control": "no-store",
      },
    });
  } catch (error) {
    if (!(error instanceof ObjectNotFoundError)) throw error;
    throw new ApiProblem(404, "result/removed", `Somebody has removed the result '${key}'.`);
  }
}
