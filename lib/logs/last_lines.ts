/**
 * Keeps the last lines of a log, within a bound of memory.
 *
 * @module
 */

/** How many last lines to keep. */
export interface LastLinesLimits {
  /** At most this many lines. */
  readonly tail: number;
  /** Fewer if they have more than this together, in UTF-16 units; at least the last one. @default {67_108_864} */
  readonly tailChars?: number | undefined;
}

/** Default of {@linkcode LastLinesLimits.tailChars}: 100,000 lines of ordinary length are far below. */
const MAX_TAIL_CHARS = 64 * 1024 * 1024;

/** How many lines more than wanted may be kept before the first ones are dropped. */
const SPARE_LINES = 1000;

/** Takes lines, and keeps the last ones. */
export class LastLines<Line extends { readonly text: string }> {
  readonly #tail: number;
  readonly #tailChars: number;
  #lines: Line[] = [];
  #chars = 0;
  #isFull = false;

  /** @param limits See {@linkcode LastLinesLimits}. */
  constructor({ tail, tailChars = MAX_TAIL_CHARS }: LastLinesLimits) {
    this.#tail = tail;
    this.#tailChars = tailChars;
  }

  /** Takes the next line. @param line The line. */
  add(line: Line): void {
    this.#lines.push(line);
    this.#chars += line.text.length;
    if (this.#lines.length > 2 * this.#tail + SPARE_LINES || this.#chars > 2 * this.#tailChars) this.#trim();
  }

  /** The last lines, the oldest first. */
  get lines(): readonly Line[] {
    this.#trim();
    return this.#lines;
  }

  /** Whether no line before the first one that was taken can be among the last ones. */
  get isFull(): boolean {
    this.#trim();
    return this.#isFull;
  }

  #trim(): void {
    let begin = this.#lines.length;
    let chars = 0;
    while (begin > 0 && this.#lines.length - begin < this.#tail) {
      const more = this.#lines[begin - 1]!.text.length;
      const isFirst = begin === this.#lines.length;
      if (chars + more > this.#tailChars && !isFirst) break;
      chars += more;
      begin--;
    }
    this.#isFull ||= begin > 0 || this.#lines.length >= this.#tail || chars >= this.#tailChars;
    this.#lines.splice(0, begin);
    this.#chars = chars;
  }
}
