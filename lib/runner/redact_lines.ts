/**
 * Hides secrets in lines of a container.
 *
 * @module
 */

import type { LogLine } from "../engine/container_orchestrator.ts";
import type { LineRedactor } from "../logs/line_redactor.ts";

/** Hides secrets in lines. @param redactor Hides the secrets; `undefined` if there are none. */
export async function* redactLines(
  lines: AsyncIterable<LogLine>,
  redactor: LineRedactor | undefined,
): AsyncGenerator<LogLine> {
  if (!redactor) return yield* lines;
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for await (const line of lines) {
    const bytes = encoder.encode(line.text);
    const shown = redactor.redactLine(bytes);
    yield shown === bytes ? line : { ...line, text: decoder.decode(shown) };
  }
}
