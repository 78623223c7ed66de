/**
 * The last lines of a container.
 *
 * @module
 */

import type { ContainerOrchestrator } from "./container_orchestrator.ts";

const MAX_LINES = 10_000;
const MAX_CHARACTERS = 1024 * 1024;

/**
 * Reads the last lines that a container printed, both streams in the order in which the engine got them.
 *
 * @param orchestrator The engine.
 * @param container Name or id.
 * @param signal Gives up.
 * @returns At most 10,000 lines and 1 MiB of text; each line ends with a newline.
 */
export async function outputTail(
  orchestrator: Pick<ContainerOrchestrator, "getLogs">,
  container: string,
  signal?: AbortSignal,
): Promise<string> {
  let text = "";
  for await (const line of orchestrator.getLogs(container, { tail: MAX_LINES, ...(signal && { signal }) })) {
    text += `${line.text}\n`;
    if (text.length > 2 * MAX_CHARACTERS) text = text.slice(-MAX_CHARACTERS);
  }
  return text.slice(-MAX_CHARACTERS);
}
