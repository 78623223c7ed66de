/**
 * Reads the last lines of a container.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { LineRedactor } from "../logs/line_redactor.ts";
import { redactLines } from "./redact_lines.ts";

const MAX_LINES = 10_000;
const MAX_CHARACTERS = 1024 * 1024;

/**
 * Reads the last lines that a container printed on both streams, in the order in which they reached the engine.
 *
 * @param container Name or id.
 * @param options The number of lines, by default 10,000, what hides secrets, and the signal that cancels the call.
 * @returns At most that many lines and 1 MiB; each line ends with a line feed.
 */
export async function outputTail(
  orchestrator: Pick<ContainerOrchestrator, "getLogs">,
  container: string,
  { tail = MAX_LINES, redactor, signal }: {
    readonly tail?: number;
    readonly redactor?: LineRedactor | undefined;
    readonly signal?: AbortSignal;
  } = {},
): Promise<string> {
  if (tail === 0) return "";
  let text = "";
  for await (const line of redactLines(orchestrator.getLogs(container, { tail, signal }), redactor)) {
    text += `${line.text}\n`;
    if (text.length > 2 * MAX_CHARACTERS) text = text.slice(-MAX_CHARACTERS);
  }
  return text.slice(-MAX_CHARACTERS);
}
