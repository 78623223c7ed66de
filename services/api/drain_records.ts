/**
 * Keeps the drains of nodes in the database, so that the next leader goes on with them.
 *
 * @module
 */

import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { RecordStore, StoredRecord } from "../records/record_store.ts";

/** A bot that is to leave its node, and runs nowhere else yet. */
export interface MovingBot {
  /** Its id. */
  readonly bot: string;
  /** Since when: ms since the epoch. */
  readonly since: number;
  /** Since when no node can take it: ms since the epoch. @default {some can, as far as is known} */
  readonly nowhereSince?: number;
}

/** A drain. */
export interface Drain {
  /** Id of the node. */
  readonly node: string;
  /** Name of the node. */
  readonly name: string;
  /** The caller that asked for it. */
  readonly by: string;
  /** When it began: RFC 3339. */
  readonly startedAt: string;
  /** How long the move of one bot may take, in ms. */
  readonly moveMs: number;
  /**
   * Its state: `draining`; `drained` once no bot is left to move; `stuck` if one does not run elsewhere, so that the
   * others stay; `stopped` if a person or another program made something else of the node.
   */
  readonly state: "draining" | "drained" | "stuck" | "stopped";
  /** When it ended: RFC 3339. */
  readonly endedAt?: string;
  /** Why it is stuck, or has stopped. */
  readonly reason?: string;
  /** The bot that moves, or is stuck. */
  readonly moving?: MovingBot;
  /** The bots that run elsewhere now, in this order. */
  readonly moved: readonly { readonly bot: string; readonly to: string }[];
  /** The bots that were not restarted, or do not run any more. */
  readonly left: readonly { readonly bot: string; readonly reason: string }[];
}

/** A drain as it was read. */
export interface StoredDrain {
  /** The drain. */
  readonly drain: Drain;
  /** Changes with each write. */
  readonly revision: number;
}

const COLLECTION = "drains";
const MAX_NODES = 1000;

/** The last drain of each node. Every method rejects with `StoreUnavailableError` if the database does not answer. */
export class DrainRecords {
  readonly #records: RecordStore;

  /** @param records The database. */
  constructor(records: RecordStore) {
    this.#records = records;
  }

  /** Lists the drains. @param options A signal. */
  async list(options: RepositoryCallOptions = {}): Promise<StoredDrain[]> {
    return (await this.#records.list(COLLECTION, { ...options, limit: MAX_NODES })).map(toDrain);
  }

  /** Reads the last drain of a node. @param node Id of the node. @param options A signal. */
  async get(node: string, options: RepositoryCallOptions = {}): Promise<StoredDrain | undefined> {
    const record = await this.#records.get(COLLECTION, node, options);
    return record && toDrain(record);
  }

  /**
   * Begins a drain, unless one is under way.
   *
   * @param drain The drain.
   * @param options A signal.
   * @returns The drain that is under way.
   */
  async begin(drain: Drain, options: RepositoryCallOptions = {}): Promise<Drain> {
    while (true) {
      const found = await this.get(drain.node, options);
      if (found?.drain.state === "draining") return found.drain;
      const isBegun = found
        ? await this.change(found, drain, options)
        : await this.#records.insert(COLLECTION, drain.node, { ...drain }, options);
      if (isBegun) return drain;
    }
  }

  /** Changes a drain, unless somebody has changed it since. @returns Whether it was changed. */
  async change(
    { drain: { node }, revision }: StoredDrain,
    changed: Drain,
    options: RepositoryCallOptions = {},
  ): Promise<boolean> {
    return await this.#records.replace(COLLECTION, node, revision, { ...changed }, options);
  }

  /**
   * Stops a drain that is under way.
   *
   * @param node Id of the node.
   * @param how When, and why.
   * @param options A signal.
   */
  async stop(
    node: string,
    how: Required<Pick<Drain, "endedAt" | "reason">>,
    options: RepositoryCallOptions = {},
  ): Promise<void> {
    while (true) {
      const found = await this.get(node, options);
      if (found?.drain.state !== "draining") return;
      const { moving: _moving, ...drain } = found.drain;
      if (await this.change(found, { ...drain, ...how, state: "stopped" }, options)) return;
    }
  }

  /** Forgets the drain of a node. @param node Id of the node. @param options A signal. */
  async forget(node: string, options: RepositoryCallOptions = {}): Promise<void> {
    await this.#records.delete(COLLECTION, node, options);
  }
}

function toDrain({ value, revision }: StoredRecord): StoredDrain {
  return { drain: value as unknown as Drain, revision };
}
