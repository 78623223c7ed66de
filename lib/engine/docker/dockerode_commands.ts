/**
 * Runs commands in running containers on the Docker Engine.
 *
 * @module
 */

import type { CommandOutcome, RunCommandOptions } from "../container_orchestrator.ts";
import { ContainerNotFoundError, EngineError } from "../../errors.ts";
import { hasId } from "./dockerode_answers.ts";
import { REFERENCE } from "./dockerode_containers.ts";
import type { DockerodeClient } from "./dockerode_client.ts";
import { expectShape, toContainerError } from "./dockerode_errors.ts";
import { LogDemuxer } from "./log_demuxer.ts";

interface OutputOptions extends Pick<RunCommandOptions, "timeoutMs" | "maxOutputBytes"> {
  readonly signal: AbortSignal | undefined;
  readonly callMs: number;
}

/** Runs a command, see {@linkcode ContainerOrchestrator.runCommand}. */
export async function runCommand(
  client: DockerodeClient,
  container: string,
  { command, env = {}, timeoutMs, maxOutputBytes, signal }: RunCommandOptions,
  callMs: number,
): Promise<CommandOutcome> {
  const what = `run a command in container '${container}'`;
  const body = {
    Cmd: command,
    Env: Object.entries(env).map((pair) => pair.join("=")),
    AttachStdout: true,
    AttachStderr: true,
  };
  if (!REFERENCE.test(container)) throw new ContainerNotFoundError(container);
  const path = `/containers/${encodeURIComponent(container)}/exec`;
  const id = await create(client, container, { what, method: "POST", path, body, kind: "read" }, {
    signal,
    limitMs: callMs,
  });
  const output = await readOutput(client, id, what, { timeoutMs, maxOutputBytes, signal, callMs });
  if (output.end !== "exited") return output;
  const asked = { what, method: "GET", path: `/exec/${id}/json`, kind: "read" } as const;
  const { value } = await client.call(asked, { signal, limitMs: callMs });
  const { ExitCode } = value as { readonly ExitCode?: unknown };
  if (typeof ExitCode !== "number") {
    throw new EngineError(`Cannot ${what}: the engine gave no exit code.`, 200);
  }
  return { ...output, exitCode: ExitCode };
}

/** Starts the command, and reads what it prints. The engine may take its time before the command begins. */
async function readOutput(
  client: DockerodeClient,
  id: string,
  what: string,
  { timeoutMs, maxOutputBytes, signal, callMs }: OutputOptions,
): Promise<CommandOutcome> {
  using scope = client.scope(what, { signal, limitMs: callMs });
  const demuxer = new LogDemuxer();
  const decoder = new TextDecoder();
  let [output, bytes, isOverdue] = ["", 0, false];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const giveUp = () => {
    isOverdue = true;
    scope.abort();
  };
  try {
    const body = { Detach: false, Tty: false };
    const response = await client.open({ what, method: "POST", path: `/exec/${id}/start`, body }, scope);
    for await (const chunk of client.read(what, response, scope)) {
      scope.endLimit();
      timer ??= setTimeout(giveUp, timeoutMs);
      for (const { payload } of demuxer.push(chunk)) {
        bytes += payload.length;
        output += decoder.decode(payload, { stream: true });
      }
      if (bytes > maxOutputBytes) return { end: "flooded", output: output.slice(0, maxOutputBytes) };
    }
    // A stream may end as if it were complete when it is given up.
    scope.signal.throwIfAborted();
    return { end: "exited", output };
  } catch (error) {
    if (isOverdue && !signal?.aborted) return { end: "timed-out", output };
    throw scope.reasonFor(error);
  } finally {
    clearTimeout(timer);
  }
}

async function create(
  client: DockerodeClient,
  container: string,
  request: Parameters<DockerodeClient["call"]>[0],
  options: Parameters<DockerodeClient["call"]>[1],
): Promise<string> {
  try {
    const { value } = await client.call(request, options);
    return expectShape(request.what, value, hasId).Id;
  } catch (error) {
    throw toContainerError(container, error);
  }
}
