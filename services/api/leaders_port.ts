/**
 * The port to who leads each service.
 *
 * @module
 */

import type { Leader } from "../ownership/leader_in.ts";
import type { ServedScope } from "../ownership/served_scope.ts";

/** Tells who leads each service. */
export interface LeadersPort {
  /** Whether this process leads a service. Asks without a wait. @param service The service. */
  leads(service: ServedScope["service"]): boolean;
  /**
   * Finds another process that leads a service.
   *
   * @param service The service.
   * @param signal Gives up.
   * @returns The other process; `undefined` if none is known.
   */
  find(service: ServedScope["service"], signal: AbortSignal): Promise<Leader | undefined>;
  /**
   * Whether the containers of a leader are on the engine of this process.
   *
   * @param leader The leader.
   * @param signal Gives up.
   * @throws {EngineUnavailableError} If the engine does not answer.
   */
  isOnThisHost(leader: Leader, signal: AbortSignal): Promise<boolean>;
}
