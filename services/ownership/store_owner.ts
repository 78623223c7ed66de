/**
 * The document store that a process starts containers for.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ContainerOwner } from "../../lib/runner/container_ownership.ts";
import { ALL_SEGMENTS, type Runner } from "../../lib/runner/runner.ts";
import { isNewStore, type StoreIdentities, type StoreIdentity } from "./store_identity.ts";

/** Dependencies of {@linkcode StoreOwner}. */
export interface StoreOwnerOptions {
  /** The identity of the store. */
  readonly identities: StoreIdentities;
  /** The containers. */
  readonly runner: Pick<Runner, "setOwner" | "listManagedContainers">;
  /** Whether an operator says that the containers of another store are this one's. @default false */
  readonly adopt?: boolean;
}

/** Tells the runner which store it works for, before it starts or stops anything. */
export class StoreOwner {
  readonly #options: StoreOwnerOptions;
  readonly #log = getLogger(["berth"]);
  #identity: StoreIdentity | undefined;
  #naming: Promise<StoreIdentity> | undefined;

  /**
   * Creates the owner; nothing is read yet.
   *
   * @param options See {@linkcode StoreOwnerOptions}.
   */
  constructor(options: StoreOwnerOptions) {
    this.#options = options;
  }

  /**
   * Reads the identity and gives it to the runner, once. Takes over containers of other stores where an operator says so.
   *
   * @param signal Cancels the call.
   * @returns The identity.
   * @throws {StoreUnavailableError | EngineUnavailableError} when it cannot be read, or the containers cannot be listed.
   */
  name(signal: AbortSignal): Promise<StoreIdentity> {
    const naming = this.#naming ??= this.#name(signal);
    naming.catch(() => this.#naming = undefined);
    return naming;
  }

  /**
   * Whether the store was made a short time ago, without bots.
   *
   * @param now The time, in ms since the epoch.
   */
  isNew(now: number): boolean {
    return this.#identity !== undefined && isNewStore(this.#identity, now);
  }

  async #name(signal: AbortSignal): Promise<StoreIdentity> {
    const { identities, runner, adopt = false } = this.#options;
    let identity = await identities.read({ signal });
    runner.setOwner(toOwner(identity));
    if (adopt) identity = await this.#adopt(identity, signal);
    return this.#identity = identity;
  }

  async #adopt(identity: StoreIdentity, signal: AbortSignal): Promise<StoreIdentity> {
    const { identities, runner } = this.#options;
    const containers = await runner.listManagedContainers(ALL_SEGMENTS, { signal });
    const foreign = containers.filter(({ isForeign }) => isForeign);
    const stores = [...new Set(foreign.map(({ store }) => store!))];
    if (stores.length === 0) {
      this.#log.info("there are no containers of another document store to adopt");
      return identity;
    }
    await identities.adopt(stores, { signal });
    const adopted = await identities.read({ signal });
    runner.setOwner(toOwner(adopted));
    this.#log.info("containers adopted", { count: foreign.length, stores: stores.join(", ") });
    return adopted;
  }
}

/** @param identity Identity of a store. @returns The facts that a runner needs about it. */
export function toOwner({ id, adopted }: StoreIdentity): ContainerOwner {
  return { id, adopted };
}
