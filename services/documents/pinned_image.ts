/**
 * The image of a deployed version: a tag may stand for another image tomorrow, its digest does not.
 *
 * @module
 */

import { deployedFacts } from "./deployed_facts.ts";
import { field, isObject } from "./document_fields.ts";

/** The image that a deployment has found, in `custom.berth.image` of the document. */
export interface PinnedImage {
  /** The image as the settings name it, for example `ghcr.io/me/my-bot:1.0`. */
  readonly name: string;
  /** The same with its digest, for example `ghcr.io/me/my-bot@sha256:…`; or its id, if no registry has it. */
  readonly reference: string;
}

/**
 * Reads the image that a deployment has pinned.
 *
 * @param custom `custom` of the document.
 * @returns `undefined` if there is none.
 */
export function readPinnedImage(custom: unknown): PinnedImage | undefined {
  const image = field(deployedFacts(custom), "image");
  if (!isObject(image)) return undefined;
  const name = field(image, "name");
  const reference = field(image, "reference");
  return typeof name === "string" && typeof reference === "string" ? { name, reference } : undefined;
}

/**
 * Returns the image to run.
 *
 * @param custom `custom` of the document.
 * @param image Image that the settings name.
 * @returns The pinned one, unless the settings name another one since; nothing if they name none.
 */
export function pinnedImage(custom: unknown, image: string | undefined): { image?: string } {
  if (image === undefined) return {};
  const pinned = readPinnedImage(custom);
  return { image: pinned?.name === image ? pinned.reference : image };
}
