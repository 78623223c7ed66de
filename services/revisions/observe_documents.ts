/**
 * Records what other programs change, as soon as the services see it.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { Limiter } from "../../lib/util/limiter.ts";
import type { BotRepository } from "../documents/bot_repository.ts";
import type { RevisionHistory } from "./revision_history.ts";

/** Dependencies of {@linkcode DocumentObserver}. */
export interface DocumentObserverParts {
  /** The revisions. */
  readonly revisions: RevisionHistory;
  /** The documents of the bots. */
  readonly bots: Pick<BotRepository, "get">;
  /** The documents of the schedules. */
  readonly schedules: Pick<BotRepository, "get">;
}

/** Documents that are looked at at once: their reads share calls. */
const MAX_CONCURRENT = 32;

/** Records changed documents. Writes of the API itself are already recorded, so they make no second revision. */
export class DocumentObserver {
  readonly #parts: DocumentObserverParts;
  readonly #limit = new Limiter(MAX_CONCURRENT);
  /** Observations that have not begun. */
  readonly #waiting = new Map<string, Promise<void>>();
  readonly #log = getLogger(["berth", "revisions"]);

  /** @param parts See {@linkcode DocumentObserverParts}. */
  constructor(parts: DocumentObserverParts) {
    this.#parts = parts;
  }

  /**
   * Records the document of a bot or a schedule, if it is new. Never rejects: the next write notes what is missing.
   *
   * @param kind Its kind.
   * @param id Its id.
   */
  observe(kind: "bot" | "schedule", id: string): Promise<void> {
    const waiting = this.#waiting.get(id) ?? this.#observe(kind, id);
    this.#waiting.set(id, waiting);
    return waiting;
  }

  /** Waits until an observation that has been asked for is done. Never rejects. @param id Id of the bot or the schedule. */
  async observed(id: string): Promise<void> {
    await this.#waiting.get(id);
  }

  async #observe(kind: "bot" | "schedule", id: string): Promise<void> {
    try {
      await this.#limit.run(() =>
        this.#parts.revisions.hold(id, async (note) => {
          // A change from here on is another one.
          this.#waiting.delete(id);
          const documents = kind === "bot" ? this.#parts.bots : this.#parts.schedules;
          const document = await documents.get(id);
          await note({ kind, document, trigger: document ? "document" : "remove" });
        })
      );
    } catch (error) {
      this.#waiting.delete(id);
      this.#log.debug("changed document not noted", { id, problem: messageOf(error) });
    }
  }
}
