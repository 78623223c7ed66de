/**
 * The port to the identity of a document store: it is on every container that a service starts, so that a service on
 * another store leaves that container alone.
 *
 * @module
 */

import type { RepositoryCallOptions } from "../documents/bot_repository.ts";

/** The identity of a document store. */
export interface StoreIdentity {
  /** Made once, kept in the store: a UUID. */
  readonly id: string;
  /** When it was made, by the clock of whoever made it. */
  readonly madeAt: Date;
  /** Whether the store held no bots then. */
  readonly wasEmpty: boolean;
  /** Identities of stores whose containers this one has taken over, because an operator said so. */
  readonly adopted: readonly string[];
}

/** The identity of one document store. Every method rejects with `StoreUnavailableError` if the store does not answer. */
export interface StoreIdentities {
  /** Reads the identity; makes it when there is none. If several processes create it at once, all get the same one. */
  read(options?: RepositoryCallOptions): Promise<StoreIdentity>;
  /** Records that the containers of other stores are this one's from now on. Those that are noted already are no error. */
  adopt(ids: readonly string[], options?: RepositoryCallOptions): Promise<void>;
}

/** A store counts as new for this long, in ms. */
const NEW_MS = 60 * 60_000;

/**
 * Whether a store was made a short time ago, without bots: perhaps by a slip in the configuration.
 *
 * @param identity The store's identity.
 * @param now The time, in ms since the epoch.
 */
export function isNewStore({ madeAt, wasEmpty }: StoreIdentity, now: number): boolean {
  // A clock that was set back makes no store old.
  return wasEmpty && now - madeAt.getTime() < NEW_MS;
}
