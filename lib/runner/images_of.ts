/**
 * Decides which image each runtime uses. Pure.
 *
 * @module
 */

import { RUNTIMES } from "../executable/runtimes.ts";

/**
 * Names the image of each runtime. A name of the outside contract for compiled languages means the same as `binary`, unless
 * it has an image of its own.
 *
 * @param chosen Images that the operator chose.
 */
export function imagesOf(chosen: Readonly<Record<string, string>>): Record<string, string> {
  const images: Record<string, string> = {};
  for (const { name, image, isBinary } of RUNTIMES.values()) {
    const found = chosen[name] ?? (isBinary ? chosen.binary : undefined) ?? image;
    if (found !== undefined) images[name] = found;
  }
  return images;
}
