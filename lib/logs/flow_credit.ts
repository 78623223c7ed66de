/**
 * Decides how much a container may print, by how much of its output is stored.
 *
 * @module
 */

/** An amount of output. */
export interface OutputAmount {
  /** In bytes. */
  readonly bytes: number;
  /** In lines. */
  readonly lines: number;
}

/** Part of each stream that may be in the engine's files and still unread on the connection: its pipe of 1 MB, and buffers. */
const PIPE_BYTES = 1.75e6;
/** Share of the engine's files that may wait, pipes included, and the share that may wait in any case. */
const MAX_WAITING_SHARE = 1 / 2;
const MIN_WAITING_SHARE = 1 / 16;
/** Entries to expect for each one that was counted. */
const EXPECTED_FACTOR = 1.1;
/** Bytes that the engine adds to each entry. */
const ENTRY_BYTES = 70;

/**
 * Estimates the size of output in the engine's files: short lines become several times as large as they were printed.
 *
 * @param contentBytes Size of what was printed, in bytes.
 * @param entries Number of lines, or pieces of lines.
 * @returns The size in bytes.
 */
export function spoolBytes(contentBytes: number, entries: number): number {
  return contentBytes + ENTRY_BYTES * entries;
}

/** Credit that is spent by printing and earned by storing, in bytes of the engine's files. */
export class FlowCredit {
  readonly #keptBytes: number;
  readonly #streams = new Set<string>();
  #bytes = 0;
  #lines = 0;
  #waiting: number;
  /** Bytes printed when the last shipment began. */
  #atShipment: OutputAmount | undefined;

  /**
   * Starts without credit, as if the engine's files were full: how much waits in them is unknown.
   *
   * @param keptBytes How much the engine keeps, in bytes.
   */
  constructor(keptBytes: number) {
    this.#keptBytes = keptBytes;
    this.#waiting = keptBytes;
  }

  /** Bytes printed in total. */
  get printed(): OutputAmount {
    return { bytes: this.#bytes, lines: this.#lines };
  }

  /** Bytes printed and not stored, without those in pipes. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Whether more may be printed. */
  get isOpen(): boolean {
    const most = MAX_WAITING_SHARE * this.#keptBytes - this.#inPipes;
    return this.#waiting < Math.max(MIN_WAITING_SHARE * this.#keptBytes, most);
  }

  /** How many entries to expect in a shipment that begins now; `undefined` before the first one. */
  get expected(): number | undefined {
    if (!this.#atShipment || this.#lines === 0) return undefined;
    const linesInPipes = PIPE_BYTES * this.#streams.size * this.#lines / this.#bytes;
    return Math.ceil(EXPECTED_FACTOR * (this.#lines - this.#atShipment.lines) + linesInPipes);
  }

  /** Spends credit. @param stream Where it was printed. @param printed The printed text. */
  spend(stream: string, { bytes, lines }: OutputAmount): void {
    this.#streams.add(stream);
    this.#bytes += bytes;
    this.#lines += lines;
    this.#waiting += spoolBytes(bytes, lines);
  }

  /** Earns credit. @param bytes The stored amount, in bytes of the engine's files. */
  earn(bytes: number): void {
    this.#waiting = Math.max(0, this.#waiting - bytes);
  }

  /** Records that a shipment begins. @returns Call it once everything printed before is stored. */
  beginShipment(): () => void {
    const { bytes, lines } = this.#atShipment = this.printed;
    return () => {
      // Replaces estimates of what waits by what was printed since, which is known up to the pipes.
      const since = spoolBytes(this.#bytes - bytes, this.#lines - lines);
      this.#waiting = Math.max(since - this.#inPipes, Math.min(this.#waiting, since));
    };
  }

  /** Bytes that may be in pipes, as counted in the engine's files: more if the lines are short. */
  get #inPipes(): number {
    if (this.#bytes === 0) return 0;
    return PIPE_BYTES * this.#streams.size * spoolBytes(this.#bytes, this.#lines) / this.#bytes;
  }
}
