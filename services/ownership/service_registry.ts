/**
 * The port to the registrations of services in a database that several hosts share.
 *
 * @module
 */

import type { RepositoryCallOptions } from "../documents/bot_repository.ts";
import type { ServedScope } from "./served_scope.ts";

/**
 * - `active`: it serves, as far as it could say.
 * - `ended`: it ended, and its bots go on running on its host.
 * - `released`: it ended without bots, or another one has taken over.
 */
export type ServiceRecordState = "active" | "ended" | "released";

/** The registration of one service. */
export interface ServiceRecord extends ServedScope {
  /** Its number: each registration has the one after the last. */
  readonly epoch: number;
  /** Tells the process from every other. */
  readonly token: string;
  /** Whether it serves. */
  readonly state: ServiceRecordState;
  /** Identifies the host, see `Runner.hostId`. */
  readonly host: string;
  /**
   * Identifies the start of that host's engine, see `engineStartOf`: a copy of the host, and the host after its next
   * start, have another one. Empty where it is not known.
   */
  readonly engineStart: string;
  /** Absolute path of the folder that it has locked on its host. */
  readonly lockPath: string;
  /** Identifies that folder, where the path may mean another one to others. */
  readonly lockId: string;
  /** Counts its renewals. */
  readonly beat: number;
  /** When it was last renewed, by its own clock: for people only. */
  readonly renewedAt: Date;
  /** When it registered, by its own clock. */
  readonly since: Date;
  /** Its process on its host. */
  readonly pid: number;
  /** Address at which other services reach its API. @default {they do not} */
  readonly url?: string;
}

/** The fields that a renewal writes. */
export type ServiceRenewal = Pick<ServiceRecord, "beat" | "renewedAt" | "lockId" | "engineStart">;

/** The registrations. Every method rejects with `StoreUnavailableError` when the database does not answer. */
export interface ServiceRegistry {
  /** All registrations. */
  list(options?: RepositoryCallOptions): Promise<ServiceRecord[]>;
  /** Adds a registration, unless there is one of its epoch. If several processes insert the same epoch, exactly one succeeds. */
  insert(record: ServiceRecord, options?: RepositoryCallOptions): Promise<boolean>;
  /** Renews an active registration. @returns Whether it is active. */
  renew(
    record: Pick<ServiceRecord, "epoch" | "token">,
    renewal: ServiceRenewal,
    options?: RepositoryCallOptions,
  ): Promise<boolean>;
  /** Changes the state of a registration that is not released yet. */
  end(
    record: Pick<ServiceRecord, "epoch" | "token">,
    state: Exclude<ServiceRecordState, "active">,
    options?: RepositoryCallOptions,
  ): Promise<void>;
  /** Removes released registrations before an epoch. */
  removeReleased(before: number, options?: RepositoryCallOptions): Promise<void>;
}
