/**
 * Brings an earlier revision back.
 *
 * @module
 */

import { parseExactJson } from "../../lib/util/exact_json.ts";
import type { RolledBack } from "../contract/revisions.ts";
import { parseBotDocument } from "../documents/bot_document.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { CONFIG_TEXT } from "../documents/config_text.ts";
import { field, isObject } from "../documents/document_fields.ts";
import { isEnabled } from "../documents/enabled.ts";
import { enablingFields } from "../documents/enabling_fields.ts";
import type { Revision } from "../revisions/revision.ts";
import { contentHashOf } from "../revisions/revision_facts.ts";
import { parseScheduleDocument } from "../schedules/schedule_document.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem } from "./api_problem.ts";
import { revisionOf } from "./deployed_revision.ts";
import type { Deployer } from "./deployer.ts";
import type { ChangeCause, DocumentKind, DocumentWriter } from "./document_writer.ts";
import { inspectStoredArchive } from "./inspect_stored_archive.ts";
import { noRevisions, requireRevision } from "./require_revision.ts";
import { whyMissing } from "./revision_view.ts";
import type { VersionTools } from "./version_tools.ts";

/** Dependencies of a rollback. */
export interface RollbackParts extends ApiParts, Pick<VersionTools, "revisions" | "observer" | "retention"> {
  /** Writes documents. */
  readonly writer: DocumentWriter;
  /** Nothing is deployed under the id meanwhile. */
  readonly deployer: Pick<Deployer, "exclusive" | "find">;
}

/** How to go back. */
export interface RollbackOptions {
  /** Number of the revision to bring back. @default the one before the deployed one */
  readonly to?: number | undefined;
  /** Number of the revision that has to be the deployed one. @default any */
  readonly from?: number | undefined;
  /** Only check. @default false */
  readonly dryRun?: boolean;
  /** The caller of the rollback. */
  readonly cause: Omit<ChangeCause, "restores">;
  /** Cancels the call. */
  readonly signal: AbortSignal;
}

/**
 * Writes the document of an earlier revision again, as a new revision. Whether it is enabled stays as it is now.
 *
 * @param id Id of the bot or the schedule.
 * @param parts See {@linkcode RollbackParts}.
 * @param options See {@linkcode RollbackOptions}.
 * @throws {ApiProblem} 404 if there is no such revision, 409 if something that it needs is gone or it is deployed
 * already, 422 if its document cannot be run.
 */
export function rollBack(id: string, parts: RollbackParts, options: RollbackOptions): Promise<RolledBack> {
  return parts.deployer.exclusive(id, () => rollBackNow(id, parts, options));
}

async function rollBackNow(
  id: string,
  parts: RollbackParts,
  { to, from, dryRun = false, cause, signal }: RollbackOptions,
): Promise<RolledBack> {
  const { deployer, observer, revisions, writer, retention, botService, scheduleService } = parts;
  const current = await deployer.find(id, signal);
  if (current) await observer.observe(current.kind === "bots" ? "bot" : "schedule", id);
  const latest = await revisions.latest(id, { signal });
  if (!latest) throw noRevisions(id);
  if (from !== undefined && latest.number !== from) throw overtaken(id);
  const target = to === undefined
    ? await findEarlier(id, latest, parts, signal)
    : await requireRevision(revisions, id, to, signal);
  if (target.contentHash === latest.contentHash) {
    throw new ApiProblem(
      409,
      "revision/deployed",
      `Revision ${target.number} of '${id}' is what is deployed.`,
    );
  }
  const kind: DocumentKind = target.kind === "bot" ? "bots" : "schedules";
  const document = restored(await readDocument(id, target, parts, signal), current?.document);
  const answer = (revision: number, written: BotDocument): RolledBack => ({
    id,
    kind: target.kind,
    number: revision,
    restores: target.number,
    replaces: latest.number,
    ...(target.version !== undefined && { version: target.version }),
    filePath: target.filePath!,
    enabled: isEnabled(written),
    revision: revisionOf(written),
    isServed: (kind === "bots" ? botService : scheduleService) !== undefined,
  });
  if (dryRun) return answer(latest.number + 1, document);
  const { document: written } = await writer.change(kind, id, (before) => {
    const isSame = before ? contentHashOf(before) === latest.contentHash : latest.trigger === "remove";
    if (!isSame) throw overtaken(id);
    return { type: before ? "updated" : "created", document };
  }, { signal, cause: { ...cause, restores: target.number } });
  const after = await revisions.latest(id, { signal });
  await retention.pruneQuietly(id, signal);
  return answer(after?.number ?? latest.number + 1, written!);
}

/** The latest one with other content. A removal is no revision to go back to. */
async function findEarlier(
  id: string,
  latest: Revision,
  { revisions }: RollbackParts,
  signal: AbortSignal,
): Promise<Revision> {
  const found = (await revisions.list(id, { before: latest.number, signal })).find((one) =>
    one.trigger !== "remove" && one.contentHash !== latest.contentHash
  );
  if (found) return found;
  throw new ApiProblem(409, "revision/none", `There is no earlier revision of '${id}' to go back to.`, {
    advice: `'berth history ${id}' lists its revisions.`,
  });
}

async function readDocument(
  id: string,
  target: Revision,
  { store, settings: { buckets, archiveLimits, bounds, calendars } }: RollbackParts,
  signal: AbortSignal,
): Promise<BotDocument> {
  const missing = await whyMissing(target, { store, bucket: buckets.code }, signal);
  if (missing !== undefined) {
    throw new ApiProblem(
      409,
      "revision/gone",
      `'${id}' cannot go back to revision ${target.number}: ${missing}.`,
      {
        advice:
          `Deploy that version from its folder, or choose another revision: 'berth history ${id}' says which ` +
          "ones are whole.",
      },
    );
  }
  const document = parseExactJson(target.document!) as BotDocument;
  const parsed = target.kind === "bot"
    ? parseBotDocument(document, { key: id, bounds, calendars })
    : parseScheduleDocument(document, id, { bounds, calendars });
  if (parsed.status === "invalid") {
    throw new ApiProblem(
      422,
      "document/invalid",
      `'${id}' cannot go back to revision ${target.number}, whose document cannot be run: ${parsed.reason}.`,
    );
  }
  const { executable } = parsed;
  const scripts = [executable.entrypointFiles.bot].filter((script) => script !== undefined);
  await inspectStoredArchive({
    store,
    bucket: buckets.code,
    key: executable.filePath,
    limits: archiveLimits,
    scripts,
    signal,
  });
  return document;
}

/** Fields of other programs stay as they are now, and so does whether the bot runs. */
function restored(target: BotDocument, current: BotDocument | undefined): BotDocument {
  if (!current) return target;
  const { id, segment_id, config, custom } = target;
  const text = field(target, CONFIG_TEXT) ?? (field(current, CONFIG_TEXT) === undefined ? undefined : "");
  const document = {
    id,
    ...(segment_id !== undefined && { segment_id }),
    config: isObject(config) ? { ...config } : config,
    ...(text !== undefined && { [CONFIG_TEXT]: text }),
    custom,
  };
  return { ...document, ...enablingFields(document, isEnabled(current)) };
}

function overtaken(id: string): ApiProblem {
  return new ApiProblem(
    409,
    "deployment/overtaken",
    `Somebody else has deployed, changed or removed '${id}' meanwhile.`,
    {
      advice: "Look at 'berth history' again.",
    },
  );
}
