/**
 * The port to the leaders of the services.
 *
 * @module
 */

import type { Leader } from "../ownership/leader_in.ts";
import type { ServedScope } from "../ownership/served_scope.ts";

/** Knows the leader of each service. */
export interface LeadersPort {
  /** Whether this process leads a service. Answers at once. @param service The service. */
  leads(service: ServedScope["service"]): boolean;
  /**
   * Finds another process that leads a service.
   *
   * @param service The service.
   * @param signal Cancels the call.
   * @returns The other process; `undefined` if none is known.
   */
  find(service: ServedScope["service"], signal: AbortSignal): Promise<Leader | undefined>;
  /**
   * Whether the containers of a leader are on the engine of this process.
   *
   * @param leader The leader.
   * @param signal Cancels the call.
   * @throws {EngineUnavailableError} If the engine does not answer.
   */
  isOnThisHost(leader: Leader, signal: AbortSignal): Promise<boolean>;
}
