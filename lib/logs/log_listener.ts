/**
 * Port to a listener that sees lines on their way into the stored log.
 *
 * @module
 */

/** A container whose lines are seen. */
export interface ListenedContainer {
  /** Id of its bot or its schedule. */
  readonly id: string;
  /** The engine's id. */
  readonly containerId: string;
}

/** Lines that the engine has dropped before they could be stored. */
export interface LogGap {
  /** Time of the next line that is there: RFC 3339. */
  readonly time: string;
  /** The known facts, in words. */
  readonly text: string;
}

/** Sees what is stored. */
export interface LogListener {
  /**
   * Called right before lines are stored. The write waits for the result, so that a crash in between shows the same lines
   * again, and loses none.
   *
   * @param bytes The lines as they are stored, with secrets hidden. Overwritten afterwards.
   * @returns `undefined` if the write need not wait. Must not reject.
   */
  beforeStored(container: ListenedContainer, bytes: Uint8Array<ArrayBuffer>): Promise<void> | undefined;
  /** Called when lines were lost. */
  lost(container: ListenedContainer, gap: LogGap): void;
}
