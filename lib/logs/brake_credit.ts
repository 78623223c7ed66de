/**
 * How much a container may print, by how much of what it has printed is stored.
 *
 * @module
 */

import { spoolBytes } from "./spool_bytes.ts";

/** What was printed. */
export interface Printed {
  /** So many bytes. */
  readonly bytes: number;
  /** So many lines. */
  readonly lines: number;
}

/**
 * So much of each output may be in the engine's files and not have been read from the connection, in bytes: the engine's
 * pipe holds 1 MB, the rest is in buffers.
 */
const PIPE_BYTES = 1.75e6;
/** Of what the engine keeps, so much may wait, with what is on the way; and so much in any case. */
const FULL_PART = 1 / 2;
const LEAST_PART = 1 / 16;
/** More may come than is expected. */
const EXPECTED_PART = 1.1;

/** Credit that is spent by what is printed, and earned by what is stored; in bytes as the engine keeps them. */
export class BrakeCredit {
  readonly #keptBytes: number;
  readonly #streams = new Set<string>();
  #bytes = 0;
  #lines = 0;
  #waiting: number;
  /** When the transfer before the next one began. */
  #before: Printed | undefined;

  /**
   * Begins as if all were waiting that is kept: nobody knows how much that is.
   *
   * @param keptBytes So much is kept by the engine.
   */
  constructor(keptBytes: number) {
    this.#keptBytes = keptBytes;
    this.#waiting = keptBytes;
  }

  /** All that was printed. */
  get printed(): Printed {
    return { bytes: this.#bytes, lines: this.#lines };
  }

  /** What was printed and is not stored, in bytes; what is on the way is not counted. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether more may be printed. Of short lines less may, since more of them are on the way. */
  get isOpen(): boolean {
    const full = FULL_PART * this.#keptBytes - this.#onTheWay;
    const allowed = Math.max(LEAST_PART * this.#keptBytes, full);
    return this.#waiting < allowed;
  }

  /** How many entries a transfer has to expect that begins now; `undefined` when nobody knows. */
  get expected(): number | undefined {
    if (!this.#before || this.#lines === 0) return undefined;
    const onTheWay = PIPE_BYTES * this.#streams.size * this.#lines / this.#bytes;
    return Math.ceil(EXPECTED_PART * (this.#lines - this.#before.lines) + onTheWay);
  }

  /**
   * Spends.
   *
   * @param stream Where it was printed.
   * @param printed What was printed.
   */
  spend(stream: string, { bytes, lines }: Printed): void {
    this.#streams.add(stream);
    this.#bytes += bytes;
    this.#lines += lines;
    this.#waiting += spoolBytes(bytes, lines);
  }

  /** Says that a transfer begins. @returns To be called when it has stored all that was printed before. */
  begin(): () => void {
    const { bytes, lines } = this.#before = this.printed;
    return () => {
      // All that was estimated before is known now, but for what was on the way.
      const since = spoolBytes(this.#bytes - bytes, this.#lines - lines);
      this.#waiting = Math.max(since - this.#onTheWay, Math.min(this.#waiting, since));
    };
  }

  get #onTheWay(): number {
    if (this.#bytes === 0) return 0;
    return PIPE_BYTES * this.#streams.size * spoolBytes(this.#bytes, this.#lines) / this.#bytes;
  }

  /** Earns. @param bytes What was stored. */
  earn(bytes: number): void {
    this.#waiting = Math.max(0, this.#waiting - bytes);
  }
}
