/**
 * Who files belong to.
 *
 * @module
 */

/** Who files belong to. */
export interface FileOwner {
  /** User id. */
  readonly uid: number;
  /** Group id. */
  readonly gid: number;
}
