/**
 * Handles the operations on revisions.
 *
 * @module
 */

import { parseExactJson } from "../../lib/util/exact_json.ts";
import type { Revision } from "../revisions/revision.ts";
import type { ApiParts } from "./api_parts.ts";
import type { Deployer } from "./deployer.ts";
import { diffRevisions } from "./diff_revisions.ts";
import type { DocumentWriter } from "./document_writer.ts";
import type { Handlers } from "./handlers.ts";
import { noRevisions, requireRevision } from "./require_revision.ts";
import { revisionView, whyMissing } from "./revision_view.ts";
import { rollBack } from "./rollback.ts";
import type { VersionTools } from "./version_tools.ts";

/** Parts that the handlers share with others. */
export interface RevisionTools extends VersionTools {
  /** Writes documents. */
  readonly writer: DocumentWriter;
  /** Deploys. */
  readonly deployer: Deployer;
}

/**
 * Makes the handlers.
 *
 * @param parts The dependencies of the API.
 * @param tools The parts that they share with others.
 */
export function revisionHandlers(
  parts: ApiParts,
  tools: RevisionTools,
): Handlers<"listRevisions" | "getRevision" | "diffRevisions" | "rollback"> {
  const { revisions, starts, observer } = tools;
  const { store, settings: { buckets }, botService } = parts;

  /** Another program may have written the database without saying so. */
  async function look(id: string, signal: AbortSignal): Promise<Revision> {
    const isSchedule = await parts.schedules.get(id, { signal }) !== undefined;
    await observer.observe(isSchedule ? "schedule" : "bot", id);
    const latest = await revisions.latest(id, { signal });
    if (!latest) throw noRevisions(id);
    return latest;
  }

  async function runningOf(id: string, signal: AbortSignal): Promise<number | undefined> {
    const containerId = botService?.state.getRunningBot(id)?.containerId;
    if (containerId === undefined) return undefined;
    return (await starts.read(id, { signal })).find((start) => start.containerId === containerId)?.revision;
  }

  async function show(id: string, list: readonly Revision[], latest: Revision, signal: AbortSignal) {
    const running = await runningOf(id, signal);
    return await Promise.all(list.map(async (revision) => {
      const before = list.find(({ number }) => number === revision.number - 1) ??
        await revisions.get(id, revision.number - 1, { signal });
      const missing = await whyMissing(revision, { store, bucket: buckets.code }, signal);
      return revisionView(revision, { before, latest: latest.number, running, missing });
    }));
  }

  return {
    async listRevisions({ params: { id }, query: { limit, before }, signal }) {
      const latest = await look(id, signal);
      const list = await revisions.list(id, { limit, signal, ...(before !== undefined && { before }) });
      return { body: { id, revisions: await show(id, list, latest, signal) } };
    },

    async getRevision({ params: { id, number }, signal }) {
      const latest = await look(id, signal);
      const revision = await requireRevision(revisions, id, number, signal);
      const [view] = await show(id, [revision], latest, signal);
      const { document } = revision;
      return {
        body: {
          ...view!,
          ...(document !== undefined && { document: parseExactJson(document) as Record<string, unknown> }),
        },
      };
    },

    async diffRevisions({ params: { id }, query, signal }) {
      const latest = await look(id, signal);
      const from = await requireRevision(revisions, id, query.from, signal);
      const to = query.to === undefined ? latest : await requireRevision(revisions, id, query.to, signal);
      const [shownFrom, shownTo] = await show(id, [from, to], latest, signal);
      return {
        body: { id, from: shownFrom!, to: shownTo!, ...await diffRevisions(from, to, parts, signal) },
      };
    },

    async rollback({ params: { id }, body: { to, dryRun }, caller, signal }) {
      const cause = { trigger: "rollback", actor: caller.name } as const;
      return { body: await rollBack(id, { ...parts, ...tools }, { to, dryRun, cause, signal }) };
    },
  };
}
