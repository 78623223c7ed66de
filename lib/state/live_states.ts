/**
 * Port to the states of bots that run.
 *
 * @module
 */

/** Finds and reads the states of running containers. */
export interface LiveStates {
  /**
   * Finds the container that may write to a bot's state.
   *
   * @param id Id of the bot.
   * @returns The engine's id of the container; `undefined` if none runs.
   */
  find(id: string, signal?: AbortSignal): Promise<string | undefined>;
  /**
   * Reads the state of a container as a tar stream, through the engine: a bot can replace a folder by a link while Berth
   * reads it, and the engine does not follow it out of the container.
   *
   * @param containerId The engine's id of the container.
   */
  read(containerId: string, signal: AbortSignal): AsyncIterable<Uint8Array>;
}
