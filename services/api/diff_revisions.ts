/**
 * Describes how two revisions differ.
 *
 * @module
 */

import { BerthError } from "../../lib/errors.ts";
import { parseExactJson } from "../../lib/util/exact_json.ts";
import type { RevisionDiff } from "../contract/revisions.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { compareDocuments } from "../revisions/compare_documents.ts";
import type { Revision } from "../revisions/revision.ts";
import type { ApiParts } from "./api_parts.ts";

/**
 * Compares documents and code.
 *
 * @param before The earlier revision.
 * @param after The later revision.
 * @param parts The dependencies of the API.
 * @param signal Cancels the call.
 * @returns The differences, and what cannot be compared because it is no longer kept.
 */
export async function diffRevisions(
  before: Revision,
  after: Revision,
  parts: ApiParts,
  signal: AbortSignal,
): Promise<Pick<RevisionDiff, "values" | "files" | "problems">> {
  const problems: string[] = [];
  const documents = [before, after].map(({ number, document, trigger }) => {
    if (document !== undefined) return parseExactJson(document) as BotDocument;
    problems.push(
      trigger === "remove"
        ? `revision ${number} is a removal`
        : `the document of revision ${number} is not kept any more`,
    );
    return undefined;
  });
  const [old, now] = documents;
  const values = old && now ? compareDocuments(old, now) : [];
  let files: RevisionDiff["files"] = [];
  const { filePath: from } = before;
  const { filePath: to } = after;
  if (from !== undefined && to !== undefined && from !== to) {
    try {
      // Loaded on demand, so that the service starts sooner.
      const { compareArchives } = await import("./compare_archives.ts");
      files = await compareArchives([from, to], parts, signal);
    } catch (error) {
      if (!(error instanceof BerthError) || signal.aborted) throw error;
      problems.push(`the code cannot be compared: ${error.message}`);
    }
  }
  return { values, files, problems };
}
