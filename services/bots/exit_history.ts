/**
 * The last ends of each bot's containers. They are kept in the database, so that they survive a restart of the service.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { messageOf } from "../../lib/errors.ts";
import { KeyedMutex } from "../../lib/util/keyed_mutex.ts";
import type { BotRepository, RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { RecordStore } from "../records/record_store.ts";
import { describeBotEnd } from "./describe_bot_end.ts";
import type { BotEnd, ServiceState } from "./service_state.ts";

/** An end of a bot's container, as it is kept. */
export interface KeptExit {
  /** The engine's id of the container. */
  readonly containerId: string;
  /** When it was started: RFC 3339. */
  readonly startedAt: string;
  /** When it ended: RFC 3339. */
  readonly at: string;
  /** How many starts in a row there were, including its own. */
  readonly attempt: number;
  /** Its exit code; absent if unknown. */
  readonly exitCode?: number;
  /** Why it ended, in words. */
  readonly reason: string;
}

/** Number of ends that are kept of each bot. */
export const MAX_KEPT_EXITS = 10;

/** Collection of the records, one for each bot. */
const COLLECTION = "exits";
/** Records that are read at once. */
const PAGE = 500;
/** Tries to write a record that others write, too. */
const MAX_TRIES = 5;

/** Keeps the last ends of each bot's containers. Writes only when a container ends. */
export class ExitHistory {
  readonly #records: RecordStore;
  readonly #turns = new KeyedMutex();
  /** Ends that the database did not take, the newest first. */
  readonly #unsaved = new Map<string, readonly KeptExit[]>();
  readonly #log = getLogger(["berth", "bots"]);

  /** @param records Where they are kept. */
  constructor(records: RecordStore) {
    this.#records = records;
  }

  /**
   * Keeps what a service reports from now on, and forgets bots that are removed.
   *
   * @param state The service's state.
   * @param documents The documents.
   * @returns A function that ends the watch.
   */
  watch(
    state: Pick<ServiceState, "subscribe" | "subscribeActivity">,
    documents: Pick<BotRepository, "get">,
  ): () => void {
    const stops = [
      state.subscribeActivity((activity) => {
        if (activity.type === "exited" || activity.type === "stopped") void this.keep(activity);
      }),
      state.subscribe((id, bot) => {
        // Another service may look after the bot from now on.
        if (!bot) {
          void documents.get(id).then((document) => document ? undefined : this.forget(id)).catch(() => {});
        }
      }),
    ];
    return () => stops.forEach((stop) => stop());
  }

  /**
   * Keeps an end. If the database does not answer, the end is kept in memory until it does. Never rejects.
   *
   * @param end The end.
   */
  async keep(end: BotEnd): Promise<void> {
    const { id } = end;
    await this.#turns.run(id, async () => {
      const exits = merge([toKept(end)], this.#unsaved.get(id) ?? []);
      try {
        await this.#add(id, exits);
        this.#unsaved.delete(id);
      } catch (error) {
        this.#unsaved.set(id, exits);
        this.#log.warn("end of a bot not noted in the database", { id, problem: messageOf(error) });
      }
    });
  }

  /**
   * Reads the last ends of a bot's containers.
   *
   * @param id Id of the bot.
   * @param options A signal.
   * @returns At most {@linkcode MAX_KEPT_EXITS}, the newest first.
   */
  async read(id: string, options: RepositoryCallOptions = {}): Promise<readonly KeptExit[]> {
    const record = await this.#records.get(COLLECTION, id, options);
    return merge(this.#unsaved.get(id) ?? [], exitsOf(record?.value));
  }

  /**
   * Reads the last ends of all bots.
   *
   * @returns The ends by bot, the newest first.
   */
  async readAll(): Promise<ReadonlyMap<string, readonly KeptExit[]>> {
    const all = new Map(this.#unsaved);
    let after: string | undefined;
    while (true) {
      const records = await this.#records.list(COLLECTION, {
        limit: PAGE,
        ...(after !== undefined && { after }),
      });
      for (const { id, value } of records) all.set(id, merge(all.get(id) ?? [], exitsOf(value)));
      if (records.length < PAGE) return all;
      after = records.at(-1)!.id;
    }
  }

  /**
   * Forgets the ends of a bot that is removed.
   *
   * @param id Id of the bot.
   * @param options A signal.
   */
  async forget(id: string, options: RepositoryCallOptions = {}): Promise<void> {
    this.#unsaved.delete(id);
    await this.#turns.run(id, () => this.#records.delete(COLLECTION, id, options));
  }

  async #add(id: string, exits: readonly KeptExit[]): Promise<void> {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const record = await this.#records.get(COLLECTION, id);
      const before = exitsOf(record?.value);
      const after = merge(exits, before);
      // After a restart the service sees containers that had been noted before.
      if (
        after.length === before.length &&
        after.every((exit, at) => exit.containerId === before[at]?.containerId)
      ) {
        return;
      }
      const value = { exits: after };
      const isWritten = record
        ? await this.#records.replace(COLLECTION, id, record.revision, value)
        : await this.#records.insert(COLLECTION, id, value);
      if (isWritten) return;
    }
    throw new Error("another process writes the same record all the time");
  }
}

/** A container ends once: what was noted first stays. */
function merge(newer: readonly KeptExit[], older: readonly KeptExit[]): readonly KeptExit[] {
  const known = new Set(older.map(({ containerId }) => containerId));
  return [...newer.filter(({ containerId }) => !known.has(containerId)), ...older]
    .toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).slice(0, MAX_KEPT_EXITS);
}

function exitsOf(value: Readonly<Record<string, unknown>> | undefined): readonly KeptExit[] {
  return Array.isArray(value?.exits) ? value.exits : [];
}

function toKept(end: BotEnd): KeptExit {
  const { containerId, startedAt, at, attempt, exit } = end;
  return {
    containerId,
    startedAt: startedAt.toISOString(),
    at: at.toISOString(),
    attempt,
    ...(exit.exitCode !== undefined && { exitCode: exit.exitCode }),
    reason: describeBotEnd(end),
  };
}
