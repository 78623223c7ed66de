/**
 * Which containers a runner may act on. Labels decide, never names: a name can be changed by hand.
 *
 * @module
 */

import { LABEL } from "../engine/labels.ts";

/** The document store that a runner starts containers for. */
export interface ContainerOwner {
  /** Identity of the store: a short string that no other store has. */
  readonly id: string;
  /** Identities of stores whose containers count as this one's. @default {none} */
  readonly adopted?: readonly string[];
}

/**
 * How a container relates to a runner.
 *
 * - `own`: the runner acts on it.
 * - `foreign`: it has the runner's instance name and comes from another document store. The runner shows it and
 *   never touches it; it holds the name of a container that the runner may want to start.
 * - `none`: it is no concern of the runner's.
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

  /** The store; absent until {@linkcode ContainerOwnership.setOwner}. */
  get owner(): ContainerOwner | undefined {
    return this.#owner;
  }

  /**
   * Names the store. Until then every container of the instance is the runner's own.
   *
   * @param owner The store.
   */
  setOwner(owner: ContainerOwner): void {
    this.#owner = owner;
  }

  /** Labels of a container that the runner makes. */
  get ownLabels(): Readonly<Record<string, string>> {
    return { ...this.instanceLabels, ...(this.#owner && { [LABEL.store]: this.#owner.id }) };
  }

  /**
   * Labels that every container has which is not `none`: what to ask the engine for. A store's bots may carry the
   * name of another instance that served them before.
   */
  get searchLabels(): Readonly<Record<string, string>> {
    return this.#owner ? { [LABEL.managed]: "true" } : this.instanceLabels;
  }

  /**
   * Reads from its labels how a container relates to the runner. One without a store's identity comes from an earlier
   * version of Berth, and belongs to whichever store its instance has.
   *
   * @param labels The container's labels.
   */
  relationOf(labels: Readonly<Record<string, string>>): ContainerRelation {
    if (labels[LABEL.managed] !== "true") return "none";
    const isInstance = labels[LABEL.instance] === this.#instance;
    const store = labels[LABEL.store];
    const owner = this.#owner;
    if (!owner || store === undefined) return isInstance ? "own" : "none";
    const isStore = store === owner.id || (owner.adopted ?? []).includes(store);
    if (isInstance) return isStore ? "own" : "foreign";
    // Runs belong to the instance that claimed them; of a store's bots, one service at a time looks after all.
    const isBot = labels[LABEL.instance] !== undefined && labels[LABEL.kind] === "bot";
    return isStore && isBot ? "own" : "none";
  }
}
