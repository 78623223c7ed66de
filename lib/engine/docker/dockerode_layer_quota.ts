/**
 * Limits the size of containers' layers, on engines that can do so.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { EngineDiskFullError, EngineError } from "../../errors.ts";
import { engineMessage } from "./dockerode_errors.ts";

/** The first create call finds out whether the engine can limit layers: XFS with `pquota`, Btrfs and ZFS can. */
export class DockerodeLayerQuota {
  readonly #log = getLogger(["berth", "engine"]);
  #isRefused = false;

  /**
   * Creates a container with a limit, or without one if the engine refuses limits.
   *
   * @param bytes The limit, in bytes. @default {no limit}
   * @param create Creates the container with the limit that it gets.
   */
  async create<T>(bytes: number | undefined, create: (bytes?: number) => Promise<T>): Promise<T> {
    if (bytes === undefined || this.#isRefused) return await create();
    try {
      return await create(bytes);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (!this.#isRefused) {
        this.#log.info("engine cannot limit the layers of containers: Berth measures them", {
          problem: engineMessage(error),
        });
      }
      this.#isRefused = true;
      return await create();
    }
  }
}

function isRefusal(error: unknown): error is EngineError {
  return error instanceof EngineError && !(error instanceof EngineDiskFullError) &&
    /storage-?opt|quota/i.test(engineMessage(error));
}
