/**
 * Names of snapshots and of their objects.
 *
 * @module
 */

/** First part of the keys of all objects of a bot's state. @param id Id of the bot. */
export function statePrefix(id: string): string {
  return `${id}/state/`;
}

/**
 * Names a snapshot after its time.
 *
 * @param at The time.
 * @returns For example `20260131T120000000Z`: names sort by time.
 */
export function snapshotName(at: Date): string {
  return at.toISOString().replaceAll(/[-:.]/g, "");
}

/** Key of the archive of a snapshot. @param id Id of the bot. @param name Name of the snapshot. */
export function archiveKeyOf(id: string, name: string): string {
  return `${statePrefix(id)}${name}.tar.gz`;
}

/** Key of the description of a snapshot, which is written last and removed first. */
export function descriptionKeyOf(id: string, name: string): string {
  return `${statePrefix(id)}${name}.json`;
}

/** Key of the object that says where the folder is. It outlives the folder. @param id Id of the bot. */
export function homeKeyOf(id: string): string {
  return `${statePrefix(id)}home.json`;
}

/**
 * Reads the name of a snapshot from a key.
 *
 * @param key Key of an object.
 * @returns The name, and which of its two objects it is; `undefined` for any other object.
 */
export function parseSnapshotKey(
  key: string,
): { readonly name: string; readonly part: "archive" | "description" } | undefined {
  const [, name, ending] = /\/state\/(\d{8}T\d{9}Z)\.(tar\.gz|json)$/.exec(key) ?? [];
  if (name === undefined) return undefined;
  return { name, part: ending === "json" ? "description" : "archive" };
}
