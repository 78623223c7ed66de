/**
 * Port to the maker of symbolic links.
 *
 * @module
 */

/**
 * Makes symbolic links: Deno allows it only to a process with all permissions, which the service does not have.
 *
 * @param folder Absolute path of a folder that no other process writes to.
 * @param links Targets by path in the folder. The folder above each link exists, and nothing is in the link's place. A
 * target is any string, and is never followed.
 * @param signal Cancels the call.
 */
export type MakeStateLinks = (
  folder: string,
  links: ReadonlyMap<string, string>,
  signal: AbortSignal,
) => Promise<void>;
