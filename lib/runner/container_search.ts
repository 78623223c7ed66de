/**
 * Searches for containers of single bots, many at once.
 *
 * @module
 */

import type { ContainerInfo } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import { batched } from "../util/batched.ts";
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
  readonly #find: (searched: SearchedLabels) => Promise<ContainerInfo[]>;
  #total = 0;

  /** @param list Lists containers by labels. */
  constructor(list: ListByLabels) {
    this.#list = list;
    this.#find = batched({
      alone: ({ kind, id }) => list({ [LABEL.id]: id, [LABEL.kind]: kind }),
      together: (searches) => this.#together(searches),
    });
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
    return await abortable(this.#find(searched), signal);
  }

  /** @returns `undefined` if one search for each costs less. */
  async #together(searches: readonly SearchedLabels[]): Promise<ContainerInfo[][] | undefined> {
    const [kind, ...others] = new Set(searches.map(({ kind }) => kind));
    const isDearer = searches.length < Math.max(MIN_SHARED, this.#total / LISTED_PER_SEARCH);
    if (isDearer || others.length > 0) return undefined;
    const found = await this.#list({ [LABEL.kind]: kind! });
    this.seen(found.length);
    const byId = Map.groupBy(found, ({ labels }) => labels[LABEL.id] ?? "");
    return searches.map(({ id }) => byId.get(id) ?? []);
  }
}
