/**
 * Brings the code of runs near before their slot, so that nothing is fetched when they are due.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { field, isObject } from "../documents/document_fields.ts";
import { servesSegment } from "../documents/serves_segment.ts";
import { parseScheduleDocument } from "./schedule_document.ts";
import type { ScheduleRepository, StoredSchedule } from "./schedule_repository.ts";

/** What a {@linkcode RunPreparer} needs. */
export interface RunPreparerOptions {
  /** The documents. */
  readonly repository: Pick<ScheduleRepository, "due">;
  /** What fetches the code. */
  readonly runner: Pick<Runner, "prepare">;
  /** Segment that is served, or `ALL_SEGMENTS`. */
  readonly segment: number;
  /** The longest time between two calls of {@linkcode RunPreparer.prepareNext}, in ms. */
  readonly checkIntervalMs: number;
  /** The time. */
  readonly clock: Clock;
}

/** So much time is left at least to fetch, in seconds. */
const MARGIN_SECONDS = 5;
/** So many are looked at, the earliest first: those that are due at the same time wait for each other anyway. */
const MAX_PREPARED = 100;

/** Prepares each schedule's code once, and again when its document names other code. */
export class RunPreparer {
  readonly #options: RunPreparerOptions;
  /** Of each schedule that was prepared, the key of its code. */
  readonly #prepared = new Map<string, unknown>();
  readonly #log = getLogger(["berth", "schedules"]);
  #lookedUntil = -Infinity;
  #isBusy = false;

  /** Makes one; nothing is read yet. */
  constructor(options: RunPreparerOptions) {
    this.#options = options;
  }

  /**
   * Prepares what is due soon, if that was not done yet. Never rejects: a start does without.
   *
   * @param next When the next schedule is due, in Unix seconds; `undefined` when none is.
   */
  async prepareNext(next: number | undefined, signal: AbortSignal): Promise<void> {
    const { repository, checkIntervalMs, clock } = this.#options;
    const now = Math.floor(clock.now() / 1000);
    const interval = Math.ceil(checkIntervalMs / 1000);
    const until = now + 2 * interval + MARGIN_SECONDS;
    // What is due until the next call, and a little later, was seen. A clock that was set back makes it look again.
    const isSeen = this.#lookedUntil >= until - interval && this.#lookedUntil <= until;
    if (this.#isBusy || isSeen || next === undefined || next > until) return;
    this.#isBusy = true;
    try {
      for (const stored of await repository.due(until, MAX_PREPARED, { signal })) {
        await this.#prepare(stored, signal);
      }
      this.#lookedUntil = until;
    } catch (error) {
      if (!signal.aborted) this.#log.debug("runs not prepared", { problem: messageOf(error) });
    } finally {
      this.#isBusy = false;
    }
  }

  /**
   * Forgets a schedule that is no more.
   *
   * @param id Its id.
   */
  forget(id: string): void {
    this.#prepared.delete(id);
  }

  async #prepare({ key, document }: StoredSchedule, signal: AbortSignal): Promise<void> {
    const custom = field(document, "custom");
    const filePath = isObject(custom) ? field(custom, "filePath") : undefined;
    if (this.#prepared.get(key) === filePath) return;
    this.#prepared.set(key, filePath);
    const parsed = parseScheduleDocument(document, key);
    if (parsed.status === "invalid" || !parsed.enabled) return;
    const { executable } = parsed;
    if (!servesSegment(this.#options.segment, executable.segment)) return;
    try {
      await this.#options.runner.prepare(executable, { signal });
    } catch (error) {
      this.#prepared.delete(key);
      if (!signal.aborted) this.#log.debug("run not prepared", { id: key, problem: messageOf(error) });
    }
  }
}
