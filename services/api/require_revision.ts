/**
 * Reads a revision that has to be there.
 *
 * @module
 */

import type { Revision } from "../revisions/revision.ts";
import type { RevisionHistory } from "../revisions/revision_history.ts";
import { ApiProblem } from "./api_problem.ts";

/**
 * Reads a revision.
 *
 * @param revisions The revisions.
 * @param id Id of the bot or the schedule.
 * @param number Number of the revision.
 * @param signal Cancels the call.
 * @throws {ApiProblem} 404 if there is none.
 */
export async function requireRevision(
  revisions: RevisionHistory,
  id: string,
  number: number,
  signal: AbortSignal,
): Promise<Revision> {
  const revision = await revisions.get(id, number, { signal });
  if (revision) return revision;
  const latest = await revisions.latest(id, { signal });
  if (!latest) throw noRevisions(id);
  throw new ApiProblem(
    404,
    "revision/not-found",
    `'${id}' has no revision ${number}: the latest is ${latest.number}, and old ones are not kept forever.`,
    { advice: `'berth history ${id}' lists them.` },
  );
}

/** The problem of an id without revisions. @param id The id. */
export function noRevisions(id: string): ApiProblem {
  return new ApiProblem(404, "deployment/not-found", `There is no bot or schedule '${id}'.`, {
    advice: "'berth ps' lists them.",
  });
}
