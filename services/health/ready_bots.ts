/**
 * Remembers which containers have said that they are ready, so that a bot stays ready over a restart of Berth.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import type { RecordStore } from "../records/record_store.ts";

const COLLECTION = "ready-bots";

/** The containers that are ready, one a bot. A store that does not answer loses nothing but a word in a list. */
export class ReadyBots {
  readonly #records: Pick<RecordStore, "get" | "insert" | "replace" | "delete">;
  readonly #turns = new KeyedMutex();
  readonly #log = getLogger(["berth", "health"]);

  /** @param records Keeps them. */
  constructor(records: Pick<RecordStore, "get" | "insert" | "replace" | "delete">) {
    this.#records = records;
  }

  /**
   * Tells whether a container has said that it is ready.
   *
   * @param id Id of the bot.
   * @param containerId The engine's id of the container.
   * @returns Also false if that cannot be known.
   */
  async has(id: string, containerId: string): Promise<boolean> {
    const record = await this.#try(id, () => this.#records.get(COLLECTION, id));
    return record?.value["containerId"] === containerId;
  }

  /**
   * Records that a container is ready.
   *
   * @param id Id of the bot.
   * @param containerId The engine's id of the container.
   */
  async add(id: string, containerId: string): Promise<void> {
    await this.#try(id, async () => {
      const record = await this.#records.get(COLLECTION, id);
      if (record) await this.#records.replace(COLLECTION, id, record.revision, { containerId });
      else await this.#records.insert(COLLECTION, id, { containerId });
    });
  }

  /** Forgets a bot that is gone. @param id Its id. */
  async forget(id: string): Promise<void> {
    await this.#try(id, () => this.#records.delete(COLLECTION, id));
  }

  async #try<T>(id: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await this.#turns.run(id, work);
    } catch (error) {
      this.#log.debug("readiness of a bot not stored", { id, problem: messageOf(error) });
      return undefined;
    }
  }
}
