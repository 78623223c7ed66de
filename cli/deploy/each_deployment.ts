/**
 * Does something with several bots and schedules, one after the other.
 *
 * @module
 */

import type { DeploymentStatus } from "../../services/contract/code.ts";
import { type ApiClient, ApiError } from "../client/api_client.ts";
import { printable, type Terminal } from "../output/terminal.ts";
import { findDeployment } from "./deploy_folder.ts";

/** Input of {@linkcode eachDeployment}. */
export interface EachDeploymentOptions {
  /** The client of the service. */
  readonly client: ApiClient;
  /** Where problems are reported. */
  readonly terminal: Pick<Terminal, "note">;
  /** Cancels the call. */
  readonly signal: AbortSignal;
}

/**
 * Calls a function for each id that is deployed. An id that is unknown or refused is reported, and does not stop the rest.
 *
 * @param ids The ids.
 * @param options See {@linkcode EachDeploymentOptions}.
 * @param work The function.
 * @param onUnknown Called for an id that nothing is deployed under, instead of a report. Returns whether it succeeded.
 * @returns Number of calls that succeeded.
 * @throws {NoServiceError} If no service answers.
 */
export async function eachDeployment(
  ids: readonly string[],
  { client, terminal, signal }: EachDeploymentOptions,
  work: (deployment: DeploymentStatus) => Promise<void>,
  onUnknown?: (id: string) => Promise<boolean>,
): Promise<number> {
  let done = 0;
  for (const id of ids) {
    try {
      const found = await findDeployment(client, id, signal);
      if (found) await work(found);
      else if (onUnknown) {
        if (!await onUnknown(id)) continue;
      } else {
        terminal.note(printable(`berth: There is no bot or schedule '${id}'; 'berth ps' lists them.`));
        continue;
      }
      done++;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      terminal.note(printable(`berth: ${error.message}`));
    }
  }
  return done;
}
