/**
 * Searches for containers of single bots, many at once.
 *
 * @module
 */

import type { ContainerInfo } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import { abortable } from "../util/promises.ts";

/** A search. */
export interface SearchedLabels {
  /** Value of the label of the kind. */
  readonly kind: string;
  /** Value of the label of the id. */
  readonly id: string;
}

/** Lists the containers that have these labels. */
export type ListByLabels = (labels: Readonly<Record<string, string>>) => Promise<ContainerInfo[]>;

interface Waiting extends SearchedLabels {
  readonly resolve: (found: ContainerInfo[]) => void;
  readonly reject: (error: unknown) => void;
}

/** Most batches at the same time: a call that hangs must not hold up all others. */
const MAX_BATCHES = 3;
/** Fewest searches that share a list. */
const MIN_SHARED = 4;
/**
 * How many containers of a list cost as much as a search of its own. The engine looks at all of its containers for each
 * search, and describes only those that it has found.
 */
const LISTED_PER_SEARCH = 10;

/**
 * Answers searches that wait for the engine at the same time from one list, if that costs less. A list always begins
 * after the searches that it answers: no container is missed that existed at that time.
 */
export class ContainerSearch {
  readonly #list: ListByLabels;
  #waiting: Waiting[] = [];
  #batches = 0;
  #total = 0;

  /** @param list Lists containers by labels. */
  constructor(list: ListByLabels) {
    this.#list = list;
  }

  /** Tells how many containers a list of all has had. @param total Their number. */
  seen(total: number): void {
    this.#total = total;
  }

  /**
   * Finds the containers of one bot.
   *
   * @param searched Labels of the containers.
   * @param signal Cancels the wait.
   */
  async find(searched: SearchedLabels, signal?: AbortSignal): Promise<ContainerInfo[]> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<ContainerInfo[]>();
    this.#waiting.push({ ...searched, resolve, reject });
    void this.#run();
    return await abortable(promise, signal);
  }

  /** Those that come while some batches run wait for the next. */
  async #run(): Promise<void> {
    if (this.#batches === MAX_BATCHES) return;
    this.#batches++;
    for (let batch = this.#take(); batch.length > 0; batch = this.#take()) {
      const isShared = batch.length >= Math.max(MIN_SHARED, this.#total / LISTED_PER_SEARCH);
      const byKind = Map.groupBy(batch, ({ kind }) => kind);
      await Promise.all(
        isShared
          ? byKind.entries().map(([kind, all]) => this.#together(kind, all))
          : batch.map((one) => this.#alone(one)),
      );
    }
    this.#batches--;
  }

  #take(): Waiting[] {
    const batch = this.#waiting;
    this.#waiting = [];
    return batch;
  }

  async #alone({ kind, id, resolve, reject }: Waiting): Promise<void> {
    await this.#list({ [LABEL.id]: id, [LABEL.kind]: kind }).then(resolve, reject);
  }

  async #together(kind: string, searches: readonly Waiting[]): Promise<void> {
    try {
      const found = await this.#list({ [LABEL.kind]: kind });
      this.seen(found.length);
      const byId = Map.groupBy(found, ({ labels }) => labels[LABEL.id] ?? "");
      for (const { id, resolve } of searches) resolve(byId.get(id) ?? []);
    } catch (error) {
      for (const { reject } of searches) reject(error);
    }
  }
}
