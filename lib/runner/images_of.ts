/**
 * Decides which image each runtime uses. Pure.
 *
 * @module
 */

import { DEFAULT_RUNTIME, RUNTIMES } from "../executable/runtimes.ts";

/**
 * Names the image of each runtime. A name of the outside contract for compiled languages means the same as `binary`, unless
 * it has an image of its own.
 *
 * @param chosen Images that the operator chose.
 * @param isOnCluster Whether a supervisor runs beside the bot: an image must have a language that the supervisor is
 * written in.
 */
export function imagesOf(
  chosen: Readonly<Record<string, string>>,
  isOnCluster: boolean,
): Record<string, string> {
  const images: Record<string, string> = {};
  const withLanguage = chosen[DEFAULT_RUNTIME] ?? RUNTIMES.get(DEFAULT_RUNTIME)!.image;
  for (const { name, image, isBinary } of RUNTIMES.values()) {
    const isPlain = isBinary || name === "bash";
    const usual = isPlain && isOnCluster ? withLanguage : image;
    const found = chosen[name] ?? (isBinary ? chosen.binary : undefined) ?? usual;
    if (found !== undefined) images[name] = found;
  }
  return images;
}
