/**
 * The right to serve: one service at a time acts on the bots of a store and segment.
 *
 * @module
 */

import { BerthError } from "../../lib/errors.ts";

/** How a service ends. */
export interface ReleaseOptions {
  /** Whether bots of its go on running. */
  readonly isLeavingBots: boolean;
}

/** The right to serve one scope, from the view of one process. */
export interface ServingRight {
  /**
   * Waits until this process has the right. It stands by while another one has it, and says so in the log.
   *
   * @param signal Cancels the call.
   * @throws {InstanceLockedError} when another process of the same instance on the same host has it.
   * @throws The error that keeps the store from answering; the call may be made again.
   */
  acquire(signal: AbortSignal): Promise<void>;
  /**
   * Renews the right until the signal is given. Never rejects.
   *
   * @param signal Ends it.
   */
  keep(signal: AbortSignal): Promise<void>;
  /** Aborted when another service has taken the right over. */
  readonly lost: AbortSignal;
  /**
   * Why this process must not act on containers at this moment. Answers at once.
   *
   * @returns `undefined` when it may.
   */
  whyIdle(): string | undefined;
  /**
   * Gives the right up. Never rejects.
   *
   * @param options See {@linkcode ReleaseOptions}.
   */
  release(options: ReleaseOptions): Promise<void>;
  /**
   * After the right was lost: ends what runs on this host and is served on another one now. On the same host the other
   * service has adopted it.
   *
   * @param signal Cancels the call.
   * @throws The error that keeps it from that; the call may be made again.
   */
  standDown(signal: AbortSignal): Promise<void>;
}

/** Another service has taken the right over. */
export class ServingRightLostError extends BerthError {
  /** @param message The event that happened. */
  constructor(message: string) {
    super("serving/lost", message);
  }
}

/** The right ended, or is in doubt, before a container was started. */
export class NotServingError extends BerthError {
  /** @param message Why. */
  constructor(message: string) {
    super("serving/in-doubt", message);
  }
}

/**
 * Explains why a service has no right to serve yet.
 *
 * @param server The server that serves instead, if that is known.
 * @returns A phrase that continues "It waits for".
 */
export function describeStandby(server: string | undefined): string {
  return server === undefined ? "the right to serve" : `the right to serve: ${server}`;
}
