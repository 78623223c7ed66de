/**
 * Streams a build: its output, and its outcome.
 *
 * @module
 */

import { DependencyError } from "../../lib/dependencies/dependency_error.ts";
import type { BuildEvent, DeploymentRequest } from "../contract/code.ts";
import type { Deployer } from "./deployer.ts";
import { ndjsonResponse } from "./ndjson_response.ts";
import { problemOf } from "./problem_response.ts";

/**
 * Builds what an archive needs, and streams the build as NDJSON. If nobody else waits for the build, it ends when the
 * client goes away.
 *
 * @param deployer Builds.
 * @param request The deployment.
 * @param signal Cancels the call.
 * @returns The response, once the first line is there: a request that is refused becomes a problem.
 */
export async function buildResponse(
  deployer: Pick<Deployer, "build">,
  request: DeploymentRequest,
  signal: AbortSignal,
): Promise<Response> {
  const gone = new AbortController();
  const events = eventsOf(deployer, request, AbortSignal.any([signal, gone.signal]));
  return await ndjsonResponse(events, () => gone.abort());
}

async function* eventsOf(
  deployer: Pick<Deployer, "build">,
  request: DeploymentRequest,
  signal: AbortSignal,
): AsyncGenerator<BuildEvent> {
  const lines: string[] = [];
  let wake = () => {};
  const building = deployer.build(request, {
    signal,
    onLine: (line) => {
      lines.push(line);
      wake();
    },
  });
  let isOver = false;
  const over = building.catch(() => {}).finally(() => {
    isOver = true;
    wake();
  });
  try {
    while (!isOver || lines.length > 0) {
      for (const text of lines.splice(0)) yield { type: "line", text };
      if (!isOver && lines.length === 0) await new Promise<void>((resolve) => wake = resolve);
    }
    const { dependencies, lock } = await building;
    yield { type: "built", needed: dependencies !== undefined, ...(lock && { lock }) };
  } catch (error) {
    if (!(error instanceof DependencyError)) throw error;
    yield { type: "failed", problem: problemOf(error).problem, lines: [...error.lines] };
  } finally {
    await over;
  }
}
