/**
 * Limits the size of containers' layers, on engines that can do so.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { EngineDiskFullError, EngineError } from "../../errors.ts";
import { engineMessage } from "./dockerode_errors.ts";

/**
 * Matches storage whose quota counts what a container writes. Btrfs counts the image, too: a container with a smaller
 * limit than its image cannot start. Device mapper and Windows refuse a limit below the size of their base.
 */
const WITH_QUOTAS = /^(?:overlay2 on xfs|zfs)\b/;

/**
 * Finds out at the first create call whether the engine can limit layers: XFS with `pquota` and ZFS can. The
 * engine's storage is asked for before, as a create call that is refused shows up in the engine's events.
 */
export class DockerodeLayerQuota {
  readonly #log = getLogger(["berth", "engine"]);
  readonly #askStorage: () => Promise<unknown>;
  #asked: Promise<unknown> | undefined;
  #isRefused = false;

  /** @param askStorage Asks the engine for its storage, and has {@linkcode learn} called with it. */
  constructor(askStorage: () => Promise<unknown> = () => Promise.resolve()) {
    this.#askStorage = askStorage;
  }

  /**
   * Learns what the engine stores layers in, which saves a create call that the engine would refuse.
   *
   * @param storage The storage, for example `overlay2 on extfs`.
   */
  learn(storage: string): void {
    this.#asked ??= Promise.resolve();
    if (!WITH_QUOTAS.test(storage)) this.#refuse(storage);
  }

  /**
   * Creates a container with a limit, or without one if the engine refuses limits.
   *
   * @param bytes The limit, in bytes. @default {no limit}
   * @param create Creates the container with the limit that it gets.
   */
  async create<T>(bytes: number | undefined, create: (bytes?: number) => Promise<T>): Promise<T> {
    if (bytes === undefined) return await create();
    // If the engine does not answer, the create call says so.
    await (this.#asked ??= this.#askStorage().catch(() => this.#asked = undefined));
    if (this.#isRefused) return await create();
    try {
      return await create(bytes);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      this.#refuse(engineMessage(error));
      return await create();
    }
  }

  #refuse(problem: string): void {
    if (!this.#isRefused) {
      this.#log.debug("engine cannot limit the layers of containers: Berth measures them", {
        problem,
      });
    }
    this.#isRefused = true;
  }
}

function isRefusal(error: unknown): error is EngineError {
  return error instanceof EngineError && !(error instanceof EngineDiskFullError) &&
    /storage-?opt|quota/i.test(engineMessage(error));
}
