/**
 * Decides which containers a runner may act on, by their labels: a name can be changed by hand.
 *
 * @module
 */

import { LABEL } from "../engine/labels.ts";

/** The document store whose bots a runner serves. */
export interface ContainerOwner {
  /** Identity of the store: a short, unique string. */
  readonly id: string;
  /** Identities of other stores whose containers the runner takes over. @default {none} */
  readonly adopted?: readonly string[];
}

/**
 * How a container relates to a runner.
 *
 * - `own`: the runner acts on it.
 * - `foreign`: it has the runner's instance name but belongs to another document store. The runner shows it and never
 *   touches it; it may occupy the name of a container that the runner wants to start.
 * - `none`: it has nothing to do with the runner.
 */
export type ContainerRelation = "own" | "foreign" | "none";

/** Tells a runner's own containers from others. */
export class ContainerOwnership {
  /** Labels of every container that has this instance's name. */
  readonly instanceLabels: Readonly<Record<string, string>>;
  readonly #instance: string;
  #owner: ContainerOwner | undefined;

  /** @param instance Name of the runner's instance. */
  constructor(instance: string) {
    this.#instance = instance;
    this.instanceLabels = { [LABEL.managed]: "true", [LABEL.instance]: instance };
  }

  /** The document store; `undefined` until {@linkcode ContainerOwnership.setOwner}. */
  get owner(): ContainerOwner | undefined {
    return this.#owner;
  }

  /**
   * Sets the document store. Without one, every container of the instance is the runner's own.
   *
   * @param owner The store.
   */
  setOwner(owner: ContainerOwner): void {
    this.#owner = owner;
  }

  /** Labels of every container that the runner creates. */
  get ownLabels(): Readonly<Record<string, string>> {
    return { ...this.instanceLabels, ...(this.#owner && { [LABEL.store]: this.#owner.id }) };
  }

  /**
   * Labels that every own or foreign container has, to filter a list by. The instance is not among them if there is a
   * store: another instance may have started the store's bots.
   */
  get searchLabels(): Readonly<Record<string, string>> {
    return this.#owner ? { [LABEL.managed]: "true" } : this.instanceLabels;
  }

  /**
   * Decides from its labels how a container relates to the runner. A container without a store label was started by an
   * earlier version of Berth, and belongs to the store of its instance.
   *
   * @param labels Labels of the container.
   */
  relationOf(labels: Readonly<Record<string, string>>): ContainerRelation {
    if (labels[LABEL.managed] !== "true") return "none";
    const isInstance = labels[LABEL.instance] === this.#instance;
    const store = labels[LABEL.store];
    const owner = this.#owner;
    if (!owner || store === undefined) return isInstance ? "own" : "none";
    const isStore = store === owner.id || (owner.adopted ?? []).includes(store);
    if (isInstance) return isStore ? "own" : "foreign";
    // Runs belong to the instance that claimed them. The bots of a store belong to the one service that serves it.
    const isBot = labels[LABEL.instance] !== undefined && labels[LABEL.kind] === "bot";
    return isStore && isBot ? "own" : "none";
  }
}
