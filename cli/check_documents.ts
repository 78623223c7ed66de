/**
 * Problems that `berth doctor` finds in the documents of bots and schedules: for example, a calendar that ends soon.
 *
 * @module
 */

import { BerthError } from "../lib/errors.ts";
import { ApiClient } from "./client/api_client.ts";
import { listAllBots, listAllSchedules } from "./client/list_all.ts";
import type { Finding } from "./finding.ts";

/** How long to wait for the lists, in ms. */
const TIMEOUT_MS = 5000;
/** How many warnings are shown, and how many ids of each. */
const MAX_SHOWN = 10;
const MAX_IDS = 3;

/**
 * Asks the service for warnings about documents.
 *
 * @param tempDir Absolute path of `TEMP_DIR`.
 * @param instance Name of the instance.
 * @returns One finding for each warning; nothing if the service does not answer, which is found elsewhere.
 */
export async function checkDocuments(tempDir: string, instance: string): Promise<Finding[]> {
  using client = new ApiClient({ tempDir, instance });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    const { bots } = await listAllBots(client, signal);
    const schedules = await listAllSchedules(client, signal);
    return findingsOf([...bots, ...schedules]);
  } catch (error) {
    if (error instanceof BerthError || signal.aborted) return [];
    throw error;
  }
}

/**
 * Groups the warnings of documents: one finding for each, however many documents have it.
 *
 * @param documents Ids and warnings.
 */
export function findingsOf(
  documents: readonly { readonly id: string; readonly notes?: readonly string[] | undefined }[],
): Finding[] {
  const warnings = documents.flatMap(({ id, notes = [] }) => notes.map((note) => ({ id, note })));
  const byNote = [...Map.groupBy(warnings, ({ note }) => note)];
  const findings = byNote.slice(0, MAX_SHOWN).map(([note, found]): Finding => {
    const ids = found.slice(0, MAX_IDS).map(({ id }) => id).join(", ");
    const more = found.length > MAX_IDS ? ` and ${found.length - MAX_IDS} more` : "";
    return { subject: "Documents", state: "warning", detail: `${ids}${more}: ${note}` };
  });
  const left = byNote.length - findings.length;
  if (left === 0) return findings;
  return [...findings, {
    subject: "Documents",
    state: "warning",
    detail: `${left} more warnings`,
    advice: "'berth describe ID' shows those of each bot and schedule",
  }];
}
