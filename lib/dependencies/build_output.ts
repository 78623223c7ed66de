/**
 * Keeps the end of what a build prints, and passes on at most as much as a person would read.
 *
 * @module
 */

const MAX_LINE_LENGTH = 500;
/** Number of lines that are passed on. */
const MAX_PASSED = 5_000;
/** Number of last lines that are kept. */
const MAX_KEPT = 40;

/** The output of one build. */
export class BuildOutput {
  readonly #onLine: ((line: string) => void) | undefined;
  readonly #hidden: readonly string[];
  readonly #kept: string[] = [];
  #passed = 0;

  /** @param hidden Strings to replace, such as passwords. @param onLine Called for each line, up to a bound. */
  constructor(hidden: readonly string[], onLine?: (line: string) => void) {
    this.#hidden = hidden;
    this.#onLine = onLine;
  }

  /** The last lines. */
  get lines(): readonly string[] {
    return this.#kept;
  }

  /** Adds a line. Control characters are dropped. @param text The line. */
  add(text: string): void {
    // deno-lint-ignore no-control-regex
    const plain = text.replaceAll(/\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]/g, "");
    const line = this.#hidden.reduce((line, secret) => line.replaceAll(secret, "***"), plain)
      .slice(0, MAX_LINE_LENGTH).trimEnd();
    if (line === "") return;
    this.#kept.push(line);
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
    if (this.#passed++ < MAX_PASSED) this.#onLine?.(line);
  }
}
