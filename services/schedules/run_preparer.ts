/**
 * Prefetches the code of runs before their slots and puts it in place, so that their starts do only what has to wait.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import type { Runner } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { field, isObject } from "../documents/document_fields.ts";
import type { DocumentRules } from "../documents/bot_document.ts";
import { servesSegment } from "../documents/serves_segment.ts";
import { parseScheduleDocument } from "./schedule_document.ts";
import type { ScheduleRepository, StoredSchedule } from "./schedule_repository.ts";

/** Input of a {@linkcode RunPreparer}. */
export interface RunPreparerOptions extends DocumentRules {
  /** The documents. */
  readonly repository: Pick<ScheduleRepository, "due">;
  /** Fetches the code. */
  readonly runner: Pick<Runner, "discardPrepared" | "prepare">;
  /** Segment to serve, or `ALL_SEGMENTS`. */
  readonly segment: number;
  /** Longest time between two calls of {@linkcode RunPreparer.prepareNext}, in ms. */
  readonly checkIntervalMs: number;
  /** The clock. */
  readonly clock: Clock;
}

/** Minimum time left for fetching, in seconds. */
const MARGIN_SECONDS = 5;
/**
 * Maximum number of schedules to prepare, the earliest first. More runs due at once would have to wait for
 * each other anyway.
 */
const MAX_PREPARED = 100;

/** Prepares each run once, and again when its document names other code. */
export class RunPreparer {
  readonly #options: RunPreparerOptions;
  /** Per prepared schedule, when it is due and the key of its code. */
  readonly #prepared = new Map<string, string>();
  readonly #log = getLogger(["berth", "schedules"]);
  #lookedUntil = -Infinity;
  #working: Promise<void> | undefined;

  constructor(options: RunPreparerOptions) {
    this.#options = options;
  }

  /**
   * Prepares the schedules that are due soon, unless they are prepared. Never rejects: a start works without
   * it.
   *
   * @param next Time of the next due schedule in Unix seconds; `undefined` if there is none.
   * @param signal Aborts the work.
   */
  async prepareNext(next: number | undefined, signal: AbortSignal): Promise<void> {
    const { checkIntervalMs, clock } = this.#options;
    const now = Math.floor(clock.now() / 1000);
    const interval = Math.ceil(checkIntervalMs / 1000);
    const until = now + 2 * interval + MARGIN_SECONDS;
    // The last call covered everything due until the next call and a little later. After the clock was set
    // back, look again.
    const isSeen = this.#lookedUntil >= until - interval && this.#lookedUntil <= until;
    if (this.#working || isSeen || next === undefined || next > until) return;
    this.#working = this.#prepareUntil(until, signal).finally(() => this.#working = undefined);
    await this.#working;
  }

  /** Removes what is prepared for a schedule that was changed or removed. @param id Its id. */
  forget(id: string): void {
    if (this.#prepared.delete(id)) void this.#discard(id);
  }

  /** Removes all that is prepared, once the signal of the work was aborted. */
  async close(): Promise<void> {
    await this.#working;
    await Promise.all([...this.#prepared.keys()].map((id) => this.#discard(id)));
    this.#prepared.clear();
  }

  async #discard(id: string): Promise<void> {
    await this.#options.runner.discardPrepared(id).catch((error) =>
      this.#log.debug("prepared files not removed", { id, problem: messageOf(error) })
    );
  }

  async #prepareUntil(until: number, signal: AbortSignal): Promise<void> {
    try {
      for (const stored of await this.#options.repository.due(until, MAX_PREPARED, { signal })) {
        await this.#prepare(stored, signal);
      }
      this.#lookedUntil = until;
    } catch (error) {
      if (!signal.aborted) this.#log.debug("runs not prepared", { problem: messageOf(error) });
    }
  }

  async #prepare({ key, document, nextExecutionTime }: StoredSchedule, signal: AbortSignal): Promise<void> {
    const custom = field(document, "custom");
    const filePath = isObject(custom) ? field(custom, "filePath") : undefined;
    const run = `${nextExecutionTime} ${filePath}`;
    if (this.#prepared.get(key) === run) return;
    this.#prepared.set(key, run);
    const parsed = parseScheduleDocument(document, key, this.#options);
    if (parsed.status === "invalid" || !parsed.enabled) return;
    const { executable } = parsed;
    if (!servesSegment(this.#options.segment, executable.segment)) return;
    try {
      await this.#options.runner.prepare(executable, { isDue: true, signal });
    } catch (error) {
      this.#prepared.delete(key);
      if (!signal.aborted) this.#log.debug("run not prepared", { id: key, problem: messageOf(error) });
    }
  }
}
