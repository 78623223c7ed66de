/**
 * Checks whether the service on this machine answers commands.
 *
 * @module
 */

import { BerthError } from "../lib/errors.ts";
import { ApiClient } from "./client/api_client.ts";
import type { Finding } from "./finding.ts";

/** How long to wait for an answer, in ms. */
const TIMEOUT_MS = 2000;

/**
 * Asks the service's socket for its health.
 *
 * @param tempDir Absolute path of `TEMP_DIR`.
 * @param instance Name of the instance.
 */
export async function checkApi(tempDir: string, instance: string): Promise<Finding> {
  const subject = "API";
  using client = new ApiClient({ tempDir, instance });
  try {
    await client.call("getHealth", {}, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { subject, state: "ok", detail: "the service's socket answers commands" };
  } catch (error) {
    const detail = error instanceof BerthError ? error.summary : `no answer within ${TIMEOUT_MS / 1000} s`;
    return {
      subject,
      state: "problem",
      detail,
      advice: "the service's log says why; its bots go on running",
    };
  }
}
