/**
 * The port to what hides secrets in the output of a container. `lib/secrets/redactor.ts` does the work.
 *
 * @module
 */

/** Replaces what must not be shown in a line. */
export interface LineRedactor {
  /**
   * Replaces secrets.
   *
   * @param line The line, without its end.
   * @returns The line as it may be shown; the same bytes if nothing was replaced.
   */
  redactLine(line: Uint8Array): Uint8Array;
}

/** Finds the redactor of a container from its labels; `undefined` if nothing has to be hidden. */
export type RedactorOf = (labels: Readonly<Record<string, string>>) => Promise<LineRedactor | undefined>;
