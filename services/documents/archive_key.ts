/**
 * The keys of archives that are deployed from a folder: `local/{id}/{version}+{build}`.
 *
 * @module
 */

/** First part of the keys, where the keys of other programs have the name of a user. */
const USER = "local";
/** Common prefix of the keys of all archives. */
export const LOCAL_PREFIX: string = `${USER}/`;
/** Number of hash digits that tell archives of one version apart. */
const BUILD_DIGITS = 16;

/** An archive of a bot or a schedule. */
export interface ArchiveName {
  /** Version that the author gave the code. */
  readonly version: string;
  /** First digits of the hash of its content. */
  readonly build: string;
}

/**
 * Returns the common prefix of the keys of a bot's archives.
 *
 * @param id Id of the bot or the schedule.
 */
export function archivePrefix(id: string): string {
  return `${USER}/${id}/`;
}

/**
 * Returns the part of a content's hash that becomes part of a key.
 *
 * @param contentHash Hash of the content, as `zipFolder()` computes it.
 */
export function buildOf(contentHash: string): string {
  return contentHash.slice(0, BUILD_DIGITS);
}

/**
 * Returns the key of an archive. It holds a part of the content's hash, so that changed code under the same version
 * becomes another archive, and the service replaces the bot.
 *
 * @param id Id of the bot or the schedule.
 * @param name Version and build.
 * @returns For example `local/my-bot/1.0.0+3fa9c1d20b7e44ad`.
 */
export function archiveKey(id: string, { version, build }: ArchiveName): string {
  return `${archivePrefix(id)}${version}+${build}`;
}

/**
 * Reads a key.
 *
 * @param key A key in the code bucket.
 * @returns Id, version and build; `undefined` for a key that another program chose.
 */
export function parseArchiveKey(key: string): ArchiveName & { readonly id: string } | undefined {
  const [, user, id, version, build] = /^([^/]+)\/([^/]+)\/(.+)\+([0-9a-f]{16})$/.exec(key) ?? [];
  return user === USER ? { id: id!, version: version!, build: build! } : undefined;
}
