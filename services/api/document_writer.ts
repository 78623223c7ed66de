/**
 * Writes documents for the API: through the service of this process, so that it acts at once, and announced to others.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { stringifyExactJson } from "../../lib/util/exact_json.ts";
import type { BotChange, BotDocument, Refusal } from "../documents/bot_repository.ts";
import { changedFields } from "../documents/changed_fields.ts";
import { enablingFields } from "../documents/enabling_fields.ts";
import { newFieldsFor } from "../documents/refused_change.ts";
import type { NoteChange, RevisionHistory } from "../revisions/revision_history.ts";
import type { RevisionTrigger } from "../revisions/revision.ts";
import { withWrittenTime } from "../schedules/written_time.ts";
import type { ApiParts } from "./api_parts.ts";
import { ApiProblem, notFound } from "./api_problem.ts";
import { currentCause, noteChange } from "./audit_trail.ts";

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

/** How to change a document. */
export interface ChangeOptions {
  /** The `If-Match` of the request. */
  readonly ifMatch?: string | undefined;
  /** Cancels the call. */
  readonly signal: AbortSignal;
  /** Why it is changed. @default {that of the current request} */
  readonly cause?: ChangeCause;
}

/** Why a document is changed. */
export interface ChangeCause {
  /** The cause. */
  readonly trigger: RevisionTrigger;
  /** The caller that changes it. */
  readonly actor: string;
  /** Number of the revision that it brings back. */
  readonly restores?: number;
}

/** Dependencies of {@linkcode DocumentWriter}. */
export interface DocumentWriterParts extends ApiParts {
  /** The revisions. */
  readonly revisions: RevisionHistory;
}

/** Writes documents, one change of an id at a time, and notes the revision that each change makes. */
export class DocumentWriter {
  readonly #parts: DocumentWriterParts;
  readonly #log = getLogger(["berth", "api"]);

  /** @param parts The parts that it uses. */
  constructor(parts: DocumentWriterParts) {
    this.#parts = parts;
  }

  /**
   * Reads a document and changes it.
   *
   * @param kind Its kind.
   * @param id Its id.
   * @param make Makes the change from the current document.
   * @param options See {@linkcode ChangeOptions}.
   * @throws {ApiProblem} 412 if `If-Match` names another content, 409 if another program was faster.
   */
  async change(
    kind: DocumentKind,
    id: string,
    make: MakeChange,
    { ifMatch, signal, cause = causeOfRequest() }: ChangeOptions,
  ): Promise<WrittenDocument> {
    return await this.#parts.revisions.hold(id, async (note) => {
      const before = await this.#parts[kind].get(id, { signal });
      requireMatch(before, ifMatch);
      const { type, document: made } = make(before);
      const document = made && kind === "schedules" ? this.#withTime(before, made) : made;
      if (!before && type !== "deleted") await this.#requireOwnKind(kind, id, signal);
      // A document of another program stays as a revision to go back to.
      if (before) await this.#note(note, kind, before, { trigger: "document" });
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
      await this.#note(note, kind, after, cause);
      return { document: after, isNew: !before && after !== undefined };
    });
  }

  /**
   * Enables or disables a bot or a schedule.
   *
   * @param kind Its kind.
   * @param id Its id.
   * @param enabled Whether it should run.
   * @param options See {@linkcode ChangeOptions}.
   */
  setEnabled(
    kind: DocumentKind,
    id: string,
    enabled: boolean,
    options: ChangeOptions,
  ): Promise<WrittenDocument> {
    return this.change(kind, id, (before) => {
      if (!before) throw notFound(kind === "bots" ? "bot" : "schedule", id);
      return { type: "updated", document: enablingFields(before, enabled) };
    }, options);
  }

  #withTime(before: BotDocument | undefined, fields: BotDocument): BotDocument {
    const { clock, settings } = this.#parts;
    return withWrittenTime(before, fields, clock.now(), settings);
  }

  /** A change is made, whether or not it can be noted; the next one notes what is missing. */
  async #note(
    note: NoteChange,
    kind: DocumentKind,
    document: BotDocument | undefined,
    cause: Pick<ChangeCause, "trigger"> & Partial<ChangeCause>,
  ): Promise<void> {
    try {
      await note({ kind: kind === "bots" ? "bot" : "schedule", document, ...cause });
    } catch (error) {
      this.#log.warn("revision not noted", { id: document?.id, problem: messageOf(error) });
    }
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

const TRIGGERS: Readonly<Record<string, RevisionTrigger>> = {
  deploy: "deploy",
  rollback: "rollback",
  deleteBot: "remove",
  deleteSchedule: "remove",
};

function causeOfRequest(): ChangeCause {
  const { operation = "", who = "berth" } = currentCause() ?? {};
  return { trigger: TRIGGERS[operation] ?? "write", actor: who };
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
