/**
 * The messages between a search and its threads.
 *
 * @module
 */

import type { FoundLine, LineQuery } from "./line_scanner.ts";

/** To a thread. It answers each `piece` with a {@linkcode SearchReply}. */
export type SearchRequest =
  /** Begins with a log, at a position in bytes. */
  | { readonly kind: "begin"; readonly query: LineQuery; readonly offset: number }
  /** Its next bytes. */
  | { readonly kind: "piece"; readonly bytes: Uint8Array<ArrayBuffer>; readonly isLast: boolean };

/** From a thread: what it found in a piece. */
export interface SearchReply {
  /** The lines. */
  readonly found: readonly FoundLine[];
  /** Position up to which the log is searched, in bytes. */
  readonly searched: number;
  /** The memory of the piece, to be used again. */
  readonly memory: ArrayBuffer;
}
