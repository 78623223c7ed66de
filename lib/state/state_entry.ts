/**
 * One entry of a state folder, as it goes into an archive.
 *
 * @module
 */

/** Properties of every entry. */
interface EntryBase {
  /** Path in the folder, without a slash at its beginning or end. */
  readonly path: string;
  /** Permissions, for example `0o644`. */
  readonly mode: number;
  /** When it was last changed, in ms since 1970. */
  readonly mtimeMs: number;
}

/** One entry of a state folder. */
export type StateEntry =
  | EntryBase & { readonly type: "folder" }
  | EntryBase & { readonly type: "file"; readonly size: number; readonly content: AsyncIterable<Uint8Array> }
  /** A symbolic link, which is kept and never followed. */
  | EntryBase & { readonly type: "link"; readonly target: string }
  /** Another name of a file that came before. */
  | EntryBase & { readonly type: "same"; readonly target: string }
  /** An entry that no archive keeps, such as a socket. */
  | EntryBase & { readonly type: "other" };
