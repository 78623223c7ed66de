/**
 * Makes the service build what a bot's code needs, and writes a lock that it makes beside the source.
 *
 * @module
 */

import { BerthError, messageOf } from "../../lib/errors.ts";
import type { BuildEvent, DeploymentRequest } from "../../services/contract/code.ts";
import { type ApiClient, ApiError } from "../client/api_client.ts";
import { linesOf } from "../client/event_stream.ts";

/** A build that failed. */
export class BuildFailedError extends ApiError {
  /** The lines of the tool that say why. */
  readonly lines: readonly string[];

  /** @param event The service's answer. */
  constructor({ problem, lines }: Extract<BuildEvent, { type: "failed" }>) {
    super(problem);
    this.lines = lines;
  }
}

/** A lock that the service made. */
export interface MadeLock {
  /** Name of the file, for the root of the folder. */
  readonly file: string;
  /** Its content. */
  readonly text: string;
}

/**
 * Makes the service build.
 *
 * @param client The client of the service.
 * @param body The deployment.
 * @param onLine Called for each line that the build prints.
 * @param signal Cancels the call.
 * @returns The lock, if one was made.
 * @throws {BuildFailedError} If the build fails.
 * @throws {BerthError} If the connection broke off (`service/gone`): a retry is safe.
 */
export async function buildDependencies(
  client: ApiClient,
  body: Partial<DeploymentRequest> & Pick<DeploymentRequest, "id">,
  onLine: ((line: string) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<MadeLock | undefined> {
  const response = await client.request(
    "buildDependencies",
    { body: body as DeploymentRequest },
    signal ? { signal } : {},
  );
  try {
    for await (const line of linesOf(response)) {
      const event = JSON.parse(line) as BuildEvent;
      if (event.type === "line") onLine?.(event.text);
      else if (event.type === "failed") throw new BuildFailedError(event);
      else return event.lock;
    }
  } catch (error) {
    if (error instanceof BerthError || signal?.aborted) throw error;
    throw gone(error);
  }
  throw gone();
}

function gone(cause?: unknown): BerthError {
  return new BerthError(
    "service/gone",
    "The service went away in the middle of the build. Nothing was changed.",
    {
      advice: "Run the command again when the service is back.",
      ...(cause !== undefined && { cause }),
    },
  );
}

/**
 * Writes a lock into a bot folder, unless there is one.
 *
 * @param folder Absolute path of the folder.
 * @param lock The lock.
 * @returns Why it was not written; `undefined` if it was.
 */
export async function writeLock(folder: string, { file, text }: MadeLock): Promise<string | undefined> {
  try {
    await Deno.writeTextFile(`${folder}/${file}`, text, { createNew: true });
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}
