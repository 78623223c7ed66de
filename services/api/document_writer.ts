/**
 * Writes documents for the API: through the service of this process, so that it acts at once, and announced to others.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import { stringifyExactJson } from "../../lib/util/exact_json.ts";
import type { BotChange, BotDocument, Refusal } from "../documents/bot_repository.ts";
import { changedFields } from "../documents/changed_fields.ts";
import { enablingFields } from "../documents/enabling_fields.ts";
import { newFieldsFor } from "../documents/refused_change.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem, notFound } from "./api_problem.ts";
import { noteChange } from "./audit_trail.ts";

/** Kind of a document, as a path names it. */
export type DocumentKind = "bots" | "schedules";

/** A document after a change. */
export interface WrittenDocument {
  /** The document; `undefined` if it was removed. */
  readonly document: BotDocument | undefined;
  /** Whether the change created it. */
  readonly isNew: boolean;
}

/** Called with the current document. @returns The change to make. */
export type MakeChange = (
  before: BotDocument | undefined,
) => Pick<BotChange, "type"> & { document?: BotDocument };

/** Writes documents, one change of an id at a time. */
export class DocumentWriter {
  readonly #parts: ApiParts;
  readonly #turns = new KeyedMutex();

  /** @param parts What the API works with. */
  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  /**
   * Reads a document and changes it.
   *
   * @param kind Its kind.
   * @param id Its id.
   * @param make Makes the change from the current document.
   * @param options The `If-Match` of the request, and a signal.
   * @throws {ApiProblem} 412 if `If-Match` names another content, 409 if another program was faster.
   */
  async change(
    kind: DocumentKind,
    id: string,
    make: MakeChange,
    { ifMatch, signal }: { readonly ifMatch?: string | undefined; readonly signal: AbortSignal },
  ): Promise<WrittenDocument> {
    return await this.#turns.run(id, async () => {
      const before = await this.#parts[kind].get(id, { signal });
      requireMatch(before, ifMatch);
      const { type, document } = make(before);
      if (!before && type !== "deleted") await this.#requireOwnKind(kind, id, signal);
      const order = { publishedAt: this.#parts.clock.now() };
      const change = { type, id, document, order } as BotChange;
      requireApplied(id, await this.#apply(kind, change, signal));
      await this.#parts.announce(kind, change);
      const fields = before ?? newFieldsFor(this.#parts.settings.segment);
      const after = change.type === "deleted" ? undefined : { ...fields, ...changedFields(change) };
      noteChange({
        ...(before && { before: etagOf(before) }),
        ...(after && { after: etagOf(after) }),
      });
      return { document: after, isNew: !before && after !== undefined };
    });
  }

  /**
   * Enables or disables a bot or a schedule.
   *
   * @param kind Its kind.
   * @param id Its id.
   * @param enabled Whether it should run.
   * @param options The `If-Match` of the request, and a signal.
   */
  setEnabled(
    kind: DocumentKind,
    id: string,
    enabled: boolean,
    options: { readonly ifMatch?: string | undefined; readonly signal: AbortSignal },
  ): Promise<WrittenDocument> {
    return this.change(kind, id, (before) => {
      if (!before) throw notFound(kind === "bots" ? "bot" : "schedule", id);
      return { type: "updated", document: enablingFields(before, enabled) };
    }, options);
  }

  /** An id is a bot or a schedule: a bot whose folder gets a schedule must not go on running as a bot. */
  async #requireOwnKind(kind: DocumentKind, id: string, signal: AbortSignal): Promise<void> {
    const other = kind === "bots" ? "schedules" : "bots";
    if (await this.#parts[other].get(id, { signal })) throw otherKind(id, other);
  }

  async #apply(kind: DocumentKind, change: BotChange, signal: AbortSignal): Promise<Refusal | undefined> {
    const { botService, scheduleService, settings } = this.#parts;
    const service = kind === "bots" ? botService : scheduleService;
    if (service) return await service.apply(change, { signal });
    const newFields = newFieldsFor(settings.segment);
    const { refusal, positionSaved } = await this.#parts[kind].write(change, { signal, newFields });
    await positionSaved;
    return refusal;
  }
}

/** The problem of an id that has the other kind. @param id The id. @param kind Kind of the document that has it. */
export function otherKind(id: string, kind: DocumentKind): ApiProblem {
  const [is, wanted] = kind === "bots" ? ["bot", "schedule"] : ["schedule", "bot"];
  return new ApiProblem(
    409,
    "document/other-kind",
    `'${id}' is already a ${is}, and cannot be a ${wanted} too.`,
    {
      advice: `Remove it first with 'berth remove ${id}', or choose another id.`,
    },
  );
}

/**
 * Identifies the content of a document, without the time that Berth itself keeps in a schedule's.
 *
 * @param document The document.
 * @returns A strong ETag.
 */
export function etagOf({ next_execution_time: _time, ...document }: BotDocument): string {
  const sorted = Object.fromEntries(Object.entries(document).sort(([a], [b]) => (a < b ? -1 : 1)));
  return `"${createHash("sha256").update(stringifyExactJson(sorted)).digest("base64url").slice(0, 27)}"`;
}

function requireMatch(before: BotDocument | undefined, ifMatch: string | undefined): void {
  if (ifMatch === undefined || (before && (ifMatch === "*" || ifMatch === etagOf(before)))) return;
  throw new ApiProblem(412, "document/changed", "The document is not the one that If-Match names.", {
    advice: "Read it again, then retry.",
  });
}

function requireApplied(id: string, refusal: Refusal | undefined): void {
  if (!refusal) return;
  if (refusal.kind === "unstorable") {
    throw new ApiProblem(422, "document/unstorable", `The database cannot hold '${id}': ${refusal.reason}.`);
  }
  throw new ApiProblem(
    409,
    "document/changed",
    `Somebody else has just changed '${id}': ${refusal.reason}.`,
    {
      advice: "Read it again, then retry.",
    },
  );
}
