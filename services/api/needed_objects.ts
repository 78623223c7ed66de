/**
 * Which objects of the code bucket a bot or a schedule needs.
 *
 * @module
 */

import { parseArchiveKey } from "../documents/archive_key.ts";
import type { BotDocument } from "../documents/bot_repository.ts";
import { isObject } from "../documents/document_fields.ts";
import { keepRevisionsOf } from "../revisions/keep_revisions.ts";
import { factsOf } from "../revisions/revision_facts.ts";
import type { RevisionHistory } from "../revisions/revision_history.ts";
import type { StartHistory } from "../revisions/start_history.ts";
import type { ApiParts } from "./api_parts.ts";

/** The input of the answer. */
export interface CodeNeedsParts extends ApiParts {
  /** The revisions. */
  readonly revisions: RevisionHistory;
  /** The last starts of bots. */
  readonly starts: StartHistory;
}

/** Options of {@linkcode codeNeedsOf}. */
export interface CodeNeedsOptions {
  /** Whether to forget the documents of older revisions as well. */
  readonly trim: boolean;
  /** Cancels the call. */
  readonly signal: AbortSignal;
}

/** Tells whether an object is needed. @param key Its key. */
export type IsNeeded = (key: string) => boolean;

/**
 * Collects what an id needs: its document, the revisions that are kept, the container that runs, and open runs and
 * backtests.
 *
 * @param id Id of the bot or the schedule.
 * @param parts The input of the answer.
 * @param options See {@linkcode CodeNeedsOptions}.
 */
export async function codeNeedsOf(
  id: string,
  parts: CodeNeedsParts,
  { trim, signal }: CodeNeedsOptions,
): Promise<IsNeeded> {
  const { bots, schedules, revisions, starts, runs, backtests, botService, settings } = parts;
  const document = await bots.get(id, { signal }) ?? await schedules.get(id, { signal });
  const keep = keepRevisionsOf(document, settings.keepRevisions);
  const kept = trim
    ? await revisions.trim(id, keep, { signal })
    : (await revisions.list(id, { signal })).filter((revision) => revision.document !== undefined).slice(
      0,
      keep,
    );
  const needed = [document && factsOf(document), ...kept];
  const containerId = botService?.state.getRunningBot(id)?.containerId;
  if (containerId !== undefined) {
    const start = (await starts.read(id, { signal })).find((one) => one.containerId === containerId);
    if (start?.revision !== undefined) needed.push(await revisions.get(id, start.revision, { signal }));
  }
  const keys = new Set(needed.flatMap((facts) => facts ? [facts.filePath, ...facts.dependencies ?? []] : []));
  for (const { record: { executable } } of await backtests.listOpen({ signal })) {
    {
      keys.add(executable.filePath);
      for (const built of Object.values(executable.dependencies ?? {})) if (built) keys.add(built.key);
    }
  }
  // A run names its version alone.
  const open = await runs.listOpen({ scheduleId: id, signal });
  const versions = new Set(open.flatMap(({ version }) => version ?? []));
  return (key) => keys.has(key) || (versions.size > 0 && versions.has(parseArchiveKey(key)?.version ?? ""));
}

/** Returns the keys that a document names in the code bucket. @param document The document. */
export function keysOf(document: BotDocument): readonly string[] {
  if (!isObject(document)) return [];
  const { filePath, dependencies = [] } = factsOf(document);
  return [...dependencies, ...(filePath === undefined ? [] : [filePath])];
}
