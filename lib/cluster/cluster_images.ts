/**
 * Finds the digests of images, so that all nodes run the same image, and no node asks a registry for one that it has.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import { isPinned, parseImageReference } from "../engine/image_reference.ts";
import { ImageUnavailableError } from "../errors.ts";
import type { ClusterEngine } from "./cluster_containers.ts";

/** How long an answer is used, in ms: a tag may come to stand for another image. */
const MAX_AGE_MS = 5 * 60_000;
const MAX_IMAGES = 500;

/** Names images by their digests. */
export class ClusterImages {
  readonly #engine: Pick<ClusterEngine, "findInRegistry" | "inspectImage">;
  readonly #known = new LRUCache<string, Promise<string>>({ max: MAX_IMAGES, ttl: MAX_AGE_MS });

  /** @param engine Asks a manager, and registries. */
  constructor(engine: Pick<ClusterEngine, "findInRegistry" | "inspectImage">) {
    this.#engine = engine;
  }

  /**
   * Names an image by its digest.
   *
   * @param image Its reference.
   * @returns The reference with the digest; without one if a manager has the image and no registry knows it.
   * @throws {ImageUnavailableError} If neither a manager nor a registry has it.
   */
  pinned(image: string): Promise<string> {
    if (isPinned(image)) return Promise.resolve(image);
    const known = this.#known.get(image);
    if (known) return known;
    const asked = this.#ask(image);
    this.#known.set(image, asked);
    asked.catch(() => this.#known.delete(image));
    return asked;
  }

  async #ask(image: string): Promise<string> {
    const { name } = parseImageReference(image);
    const present = await this.#engine.inspectImage(image);
    const digest = present?.digests.map(parseImageReference).find((each) => each.name === name)?.digest;
    if (digest !== undefined) return `${image}@${digest}`;
    try {
      return `${image}@${(await this.#engine.findInRegistry(image)).digest}`;
    } catch (error) {
      if (present && error instanceof ImageUnavailableError) return image;
      throw error;
    }
  }
}
