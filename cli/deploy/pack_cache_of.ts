/**
 * Finds the folder in which packed bot folders are kept.
 *
 * @module
 */

import { isAbsolute } from "node:path";
import { PackCache } from "../../lib/archive/pack_cache.ts";

/**
 * Opens the cache of packed folders in the user's cache folder.
 *
 * @param env The environment.
 * @returns `undefined` if the user has no such folder.
 */
export function packCacheOf(
  { XDG_CACHE_HOME, HOME }: Readonly<Record<string, string | undefined>>,
): PackCache | undefined {
  const folder = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`);
  return folder && isAbsolute(folder) ? new PackCache(`${folder}/berth/packs`) : undefined;
}
