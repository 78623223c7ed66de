/**
 * The last lines of a container.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";

const MAX_LINES = 10_000;
const MAX_CHARACTERS = 1024 * 1024;

/**
 * Reads the last lines that a container printed, both streams in the order in which the engine got them.
 *
 * @param orchestrator The engine.
 * @param container Name or id.
 * @param options How many lines, 10,000 unless it is said; the signal gives up.
 * @returns At most so many lines and 1 MiB of text; each line ends with a newline.
 */
export async function outputTail(
  orchestrator: Pick<ContainerOrchestrator, "getLogs">,
  container: string,
  { tail = MAX_LINES, signal }: { readonly tail?: number; readonly signal?: AbortSignal } = {},
): Promise<string> {
  if (tail === 0) return "";
  let text = "";
  for await (const line of orchestrator.getLogs(container, { tail, signal })) {
    text += `${line.text}\n`;
    if (text.length > 2 * MAX_CHARACTERS) text = text.slice(-MAX_CHARACTERS);
  }
  return text.slice(-MAX_CHARACTERS);
}
