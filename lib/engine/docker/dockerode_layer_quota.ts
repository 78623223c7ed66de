/**
 * Bounds the layers of containers, on engines that can do so.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { EngineDiskFullError, EngineError } from "../../errors.ts";
import { engineMessage } from "./dockerode_errors.ts";

/** The first create finds out whether the engine can bound layers: XFS with `pquota`, Btrfs and ZFS can. */
export class DockerodeLayerQuota {
  readonly #log = getLogger(["berth", "engine"]);
  #isRefused = false;

  /**
   * Creates a container with a bound, or without one where the engine refuses bounds.
   *
   * @param bytes The bound, in bytes; absent: no bound is asked for.
   * @param create Creates the container with the bound that it is given.
   */
  async create<T>(bytes: number | undefined, create: (bytes?: number) => Promise<T>): Promise<T> {
    if (bytes === undefined || this.#isRefused) return await create();
    try {
      return await create(bytes);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (!this.#isRefused) {
        this.#log.info("the engine cannot bound what a container writes, so Berth measures it alone", {
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
