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

/** Documents that are looked at at once: nothing waits for it, and starts have other things to do. */
const MAX_CONCURRENT = 2;

/** Records changed documents. Writes of the API itself are already recorded, so they make no second revision. */
export class DocumentObserver {
  readonly #parts: DocumentObserverParts;
  readonly #limit = new Limiter(MAX_CONCURRENT);
  readonly #waiting = new Set<string>();
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
  async observe(kind: "bot" | "schedule", id: string): Promise<void> {
    if (this.#waiting.has(id)) return;
    this.#waiting.add(id);
    try {
      await this.#limit.run(async () => {
        await this.#parts.revisions.hold(id, async (note) => {
          // A change from here on is another one.
          this.#waiting.delete(id);
          const documents = kind === "bot" ? this.#parts.bots : this.#parts.schedules;
          const document = await documents.get(id);
          await note({ kind, document, trigger: document ? "document" : "remove" });
        });
      });
    } catch (error) {
      this.#waiting.delete(id);
      this.#log.debug("changed document not noted", { id, problem: messageOf(error) });
    }
  }
}
