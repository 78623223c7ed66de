/**
 * The last starts of each bot's containers: from which revision, and why. They are kept in the database.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { RecordStore } from "../records/record_store.ts";
import type { Revision, RevisionFacts, RevisionTrigger } from "./revision.ts";
import type { RevisionHistory } from "./revision_history.ts";

/**
 * Cause of a start: that of the revision, if it is the first of it; that somebody enabled or restarted the bot; that the
 * start before ended (`retry`); or that the service found no container that runs (`service`).
 */
export type StartTrigger = RevisionTrigger | "enable" | "restart" | "retry" | "service";

/** A start of a container, as it is kept. */
export interface KeptStart extends Omit<RevisionFacts, "filePath" | "runtime" | "schedule"> {
  /** The engine's id of the container. */
  readonly containerId: string;
  /** When it was started: RFC 3339. */
  readonly at: string;
  /** How many starts in a row there were, this one included. */
  readonly attempt: number;
  /** Its cause. */
  readonly trigger: StartTrigger;
  /** The caller that caused it; absent if nobody did. */
  readonly actor?: string;
  /** Number of the revision; absent if it is not known. */
  readonly revision?: number;
  /** Version of Berth that started it. */
  readonly berth: string;
}

/** A start that a service reports. */
export interface ReportedStart {
  /** Id of the bot. */
  readonly id: string;
  /** The engine's id of the container. */
  readonly containerId: string;
  /** How many starts in a row there were, this one included. */
  readonly attempt: number;
  /** When it was started. */
  readonly at: Date;
}

/** Dependencies of {@linkcode StartHistory}. */
export interface StartHistoryParts {
  /** The database. */
  readonly records: RecordStore;
  /** The revisions. */
  readonly revisions: RevisionHistory;
  /** The clock. */
  readonly clock: Pick<Clock, "now">;
  /** Version of Berth. */
  readonly berth: string;
}

/** Number of starts that are kept of each bot. */
const MAX_KEPT = 10;
const COLLECTION = "starts";
const MAX_TRIES = 5;
/** How long after a request a start follows from it, in ms. */
const ASKED_MS = 60_000;
const FACTS = [
  "version",
  "archiveSha256",
  "dependencies",
  "image",
  "configHash",
  "settingsHash",
  "secrets",
] as const;

/** Keeps the last starts. Nothing waits for it. */
export class StartHistory {
  readonly #records: RecordStore;
  readonly #revisions: RevisionHistory;
  readonly #berth: string;
  readonly #clock: Pick<Clock, "now">;
  /** The caller that requested the next start of a bot. */
  readonly #asked = new Map<string, Pick<KeptStart, "trigger" | "actor"> & { readonly at: number }>();
  readonly #log = getLogger(["berth", "revisions"]);

  /** @param parts See {@linkcode StartHistoryParts}. */
  constructor({ records, revisions, clock, berth }: StartHistoryParts) {
    this.#records = records;
    this.#revisions = revisions;
    this.#clock = clock;
    this.#berth = berth;
  }

  /**
   * Remembers who causes the next start of a bot.
   *
   * @param id Id of the bot.
   * @param trigger The request.
   * @param actor The caller who asks.
   */
  ask(id: string, trigger: "enable" | "restart", actor: string): void {
    this.#asked.set(id, { trigger, actor, at: this.#clock.now() });
  }

  /** Keeps a start. Never rejects. @param start The start. */
  async keep(start: ReportedStart): Promise<void> {
    const { id } = start;
    const asked = this.#takeAsked(id);
    try {
      // A document that is being written has its revision afterwards.
      await this.#revisions.hold(id, async () => {
        const revision = await this.#revisions.latest(id);
        await this.#add(id, (kept) => this.#toKept(start, revision, asked, kept[0]));
      });
    } catch (error) {
      this.#log.warn("start of a bot not noted in the database", { id, problem: messageOf(error) });
    }
  }

  /** Reads the last starts of a bot, the latest first. @param id Id of the bot. @param options A signal. */
  async read(id: string, options: RepositoryCallOptions = {}): Promise<readonly KeptStart[]> {
    return startsOf((await this.#records.get(COLLECTION, id, options))?.value);
  }

  /** Forgets the starts of a bot that is removed. @param id Id of the bot. @param options A signal. */
  async forget(id: string, options: RepositoryCallOptions = {}): Promise<void> {
    await this.#records.delete(COLLECTION, id, options);
  }

  #takeAsked(id: string): Pick<KeptStart, "trigger" | "actor"> | undefined {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (!asked || this.#clock.now() - asked.at > ASKED_MS) return undefined;
    const { at: _at, ...cause } = asked;
    return cause;
  }

  async #add(id: string, make: (kept: readonly KeptStart[]) => KeptStart): Promise<void> {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const record = await this.#records.get(COLLECTION, id);
      const kept = startsOf(record?.value);
      const value = { starts: [make(kept), ...kept].slice(0, MAX_KEPT) };
      const isWritten = record
        ? await this.#records.replace(COLLECTION, id, record.revision, value)
        : await this.#records.insert(COLLECTION, id, value);
      if (isWritten) return;
    }
    throw new Error("another process writes the same record all the time");
  }

  #toKept(
    { containerId, attempt, at }: ReportedStart,
    revision: Revision | undefined,
    asked: Pick<KeptStart, "trigger" | "actor"> | undefined,
    before: KeptStart | undefined,
  ): KeptStart {
    const isFirst = revision && before?.revision !== revision.number;
    const cause = attempt > 1
      ? { trigger: "retry" as const }
      : asked ?? (isFirst
        ? { trigger: revision.trigger, ...(revision.actor !== undefined && { actor: revision.actor }) }
        : { trigger: "service" as const });
    const facts = FACTS.filter((name) => revision?.[name] !== undefined).map((
      name,
    ) => [name, revision![name]]);
    return {
      containerId,
      at: at.toISOString(),
      attempt,
      ...cause,
      ...(revision && { revision: revision.number }),
      ...Object.fromEntries(facts),
      berth: this.#berth,
    };
  }
}

function startsOf(value: Readonly<Record<string, unknown>> | undefined): readonly KeptStart[] {
  return Array.isArray(value?.starts) ? value.starts : [];
}
