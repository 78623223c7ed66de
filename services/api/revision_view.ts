/**
 * Shows revisions as the API gives them.
 *
 * @module
 */

import type { ObjectStore } from "../../lib/objects/object_store.ts";
import type { RevisionView } from "../contract/revisions.ts";
import { describeChanges } from "../revisions/describe_changes.ts";
import type { Revision } from "../revisions/revision.ts";

/** The context of a revision. */
export interface RevisionSurroundings {
  /** The revision before. */
  readonly before: Revision | undefined;
  /** Number of the latest revision. */
  readonly latest: number;
  /** Number of the revision from which the running container was started. */
  readonly running: number | undefined;
  /** Why nobody can go back to it. */
  readonly missing: string | undefined;
}

/**
 * Shows a revision without its document.
 *
 * @param revision The revision.
 * @param surroundings See {@linkcode RevisionSurroundings}.
 */
export function revisionView(
  revision: Revision,
  { before, latest, running, missing }: RevisionSurroundings,
): RevisionView {
  const { document: _document, contentHash: _hash, at, secrets, dependencies, ...shown } = revision;
  return {
    ...shown,
    at: at.toISOString(),
    ...(dependencies && { dependencies: [...dependencies] }),
    ...(secrets && { secrets: { ...secrets } }),
    changes: describeChanges(revision, before),
    isCurrent: revision.number === latest && revision.trigger !== "remove",
    isRunning: revision.number === running,
    ...(missing !== undefined && { missing }),
  };
}

/**
 * Reports which revision something is at.
 *
 * @param revision The latest revision, if there is one.
 * @returns Nothing if there is none.
 */
export function revisionSummaryOf(
  revision: Revision | undefined,
): { revision?: { number: number; at: string; trigger: string; actor?: string } } {
  if (!revision) return {};
  const { number, at, trigger, actor } = revision;
  return { revision: { number, at: at.toISOString(), trigger, ...(actor !== undefined && { actor }) } };
}

/**
 * Finds out why nobody can go back to a revision.
 *
 * @param revision The revision.
 * @param objects The object store and the code bucket.
 * @param signal Cancels the call.
 * @returns `undefined` if everything that it needs is there.
 */
export async function whyMissing(
  { trigger, document, filePath, dependencies = [] }: Revision,
  { store, bucket }: { readonly store: Pick<ObjectStore, "stat">; readonly bucket: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  if (trigger === "remove") return "it is a removal";
  if (document === undefined) return "its document is not kept any more";
  if (filePath === undefined) return "its document names no archive";
  if (!await store.stat(bucket, filePath, { signal })) return `its archive '${filePath}' is gone`;
  for (const key of dependencies) {
    if (!await store.stat(bucket, key, { signal })) return `its dependencies '${key}' are gone`;
  }
  return undefined;
}
