/**
 * Keeps the session of each bot, so that a document that is broken when Berth begins does not keep a bot on after it.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { isDeepStrictEqual } from "node:util";
import { messageOf } from "../../lib/errors.ts";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import type { SessionSetting } from "../documents/session_settings.ts";
import { allRecords } from "../records/all_records.ts";
import type { RecordStore } from "../records/record_store.ts";

const COLLECTION = "sessions";

/** The session that each bot's last readable document has asked for. Nothing is written while nothing changes. */
export class KeptSessions {
  readonly #records: RecordStore;
  readonly #stored = new Map<string, SessionSetting>();
  readonly #wanted = new Map<string, SessionSetting | undefined>();
  readonly #turns = new KeyedMutex();
  readonly #log = getLogger(["berth", "bots"]);

  /** @param records The database. */
  constructor(records: RecordStore) {
    this.#records = records;
  }

  /**
   * Reads what an earlier process has kept.
   *
   * @param signal Cancels the call.
   * @throws {StoreUnavailableError} If the database does not answer.
   */
  async load(signal: AbortSignal): Promise<void> {
    for (
      const { id, value: { calendar, startSeconds, endSeconds } } of await allRecords(
        this.#records,
        COLLECTION,
        { signal },
      )
    ) {
      if (
        typeof calendar !== "string" || typeof startSeconds !== "number" || typeof endSeconds !== "number"
      ) continue;
      this.#stored.set(id, { calendar, startSeconds, endSeconds });
    }
  }

  /** Gives the session of a bot. @param bot Id of the bot. */
  of(bot: string): SessionSetting | undefined {
    return this.#wanted.has(bot) ? this.#wanted.get(bot) : this.#stored.get(bot);
  }

  /**
   * Records the session of a bot. Returns at once; a write that fails is made again when the bot is noted again.
   *
   * @param bot Id of the bot.
   * @param session The session; `undefined` if it has none.
   */
  note(bot: string, session: SessionSetting | undefined): void {
    if (isDeepStrictEqual(this.#stored.get(bot), session)) return void this.#wanted.delete(bot);
    const isUnderWay = this.#wanted.has(bot) && isDeepStrictEqual(this.#wanted.get(bot), session);
    if (isUnderWay) return;
    this.#wanted.set(bot, session);
    void this.#turns.run(bot, () => this.#write(bot, session)).catch((error) => {
      this.#log.debug("session of a bot not stored", { id: bot, problem: messageOf(error) });
      // It is tried again with the next pass.
      if (this.#wanted.get(bot) === session) this.#wanted.delete(bot);
    });
  }

  async #write(bot: string, session: SessionSetting | undefined): Promise<void> {
    const before = await this.#records.get(COLLECTION, bot);
    if (!session) await this.#records.delete(COLLECTION, bot);
    else if (before) await this.#records.replace(COLLECTION, bot, before.revision, { ...session });
    else await this.#records.insert(COLLECTION, bot, { ...session });
    if (session) this.#stored.set(bot, session);
    else this.#stored.delete(bot);
    if (this.#wanted.get(bot) === session) this.#wanted.delete(bot);
  }
}
