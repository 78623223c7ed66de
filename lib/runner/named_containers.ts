/**
 * Knows by which names the containers of a bot can be read, instead of searched for.
 *
 * @module
 */

import type { ContainerInfo } from "../engine/container_orchestrator.ts";
import { type ContainerKind, kindOf, LABEL } from "../engine/labels.ts";

/**
 * Tells the names that the containers of a bot have.
 *
 * @param kind Purpose of the containers.
 * @param id Id of the bot.
 * @param slots Slots of scheduled runs.
 * @returns `undefined` if they cannot be told.
 */
export type NamesOf = (
  kind: ContainerKind,
  id: string,
  slots: readonly string[] | undefined,
) => readonly string[] | undefined;

/**
 * Names of containers: those that this instance gives, and those of others that a list has shown. Another instance may
 * have started a bot of the same store.
 */
export class NamedContainers {
  readonly #namesOf: NamesOf;
  /** Containers that have other names, by kind and then by the id of the bot. */
  readonly #others = new Map<string, ReadonlyMap<string, readonly ContainerInfo[]>>();

  /** @param namesOf See {@linkcode NamesOf}. */
  constructor(namesOf: NamesOf) {
    this.#namesOf = namesOf;
  }

  /**
   * Takes note of a list.
   *
   * @param kind The kind that was asked for; `undefined` for all.
   * @param listed The containers of this kind.
   */
  seen(kind: ContainerKind | undefined, listed: readonly ContainerInfo[]): void {
    if (kind === undefined) this.#others.clear();
    else this.#others.delete(kind);
    const others = listed.filter(({ name, labels }) => {
      const slot = labels[LABEL.slot];
      const slots = slot === undefined ? undefined : [slot];
      return this.#namesOf(kindOf(labels), labels[LABEL.id] ?? "", slots)?.includes(name) === false;
    });
    for (const [each, found] of Map.groupBy(others, ({ labels }) => kindOf(labels))) {
      this.#others.set(each, Map.groupBy(found, ({ labels }) => labels[LABEL.id] ?? ""));
    }
  }

  /**
   * Tells how to read the containers of a bot.
   *
   * @param kind Purpose of the containers.
   * @param id Id of the bot.
   * @param slots Slots of scheduled runs.
   * @returns Names and ids; `undefined` if they have to be searched for.
   */
  of(kind: ContainerKind, id: string, slots?: readonly string[]): readonly string[] | undefined {
    const names = this.#namesOf(kind, id, slots);
    const others = this.#others.get(kind)?.get(id) ?? [];
    return names && [...names, ...others.map(({ id }) => id)];
  }
}
