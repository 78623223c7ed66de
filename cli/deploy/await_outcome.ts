/**
 * Waits until a bot runs whose document has changed, and shows how that ended.
 *
 * @module
 */

import type { ApiClient } from "../client/api_client.ts";
import { printable, type Terminal } from "../output/terminal.ts";
import { awaitStart, type StartOutcome } from "./await_start.ts";
import { findDeployment } from "./deploy_folder.ts";
import { explainFailure, type FailureReport } from "./explain_failure.ts";

/** How a deployed bot does. */
export type Start = StartOutcome & FailureReport;

/** Which bot is waited for. */
export interface AwaitedBot {
  /** Its id. */
  readonly id: string;
  /** Whether nothing has changed, so that it need not stay up first. */
  readonly isUnchanged: boolean;
}

/** Where it is shown. */
export interface ShownOn {
  /** The terminal. */
  readonly terminal: Terminal;
}

/** How long a new bot must stay up, in ms. */
const STAY_MS = 3000;

/**
 * Waits until a bot runs and has stayed up.
 *
 * @param bot The bot.
 * @param client The client of the service.
 * @param context Where conditions are shown, and what ends the wait.
 * @returns How it does; if it does not run, with the reason.
 */
export async function awaitOutcome(
  { id, isUnchanged }: AwaitedBot,
  client: ApiClient,
  { terminal, signal }: ShownOn & { readonly signal: AbortSignal },
): Promise<Start> {
  const ended = await awaitStart({
    look: async () => (await findDeployment(client, id, signal))?.progress,
    stayMs: isUnchanged ? 0 : STAY_MS,
    onCondition: (condition) => terminal.transient(printable(`${id}: ${condition}`)),
    signal,
  });
  terminal.transient("");
  if (isGood(ended)) return ended;
  return { ...ended, ...await explainFailure(id, client, signal) };
}

/** Whether a bot runs, or has ended as it should. @param outcome How it does. */
export function isGood({ outcome }: StartOutcome): boolean {
  return outcome === "running" || outcome === "completed";
}

/**
 * Shows how a bot does.
 *
 * @param bot The bot.
 * @param start How it does.
 * @param context Where it is shown.
 */
export function showOutcome({ id, isUnchanged }: AwaitedBot, start: Start, { terminal }: ShownOn): void {
  if (start.outcome === "running") {
    terminal.out(
      printable(isUnchanged ? `${id} runs` : `${id} runs, and has stayed up for ${STAY_MS / 1000} s`),
    );
    return;
  }
  if (start.outcome === "completed") {
    terminal.out(
      printable(
        isUnchanged
          ? `${id} has ended well before: 'berth restart ${id}' runs it again`
          : `${id} ran, and has ended well (exit code 0)`,
      ),
    );
    return;
  }
  const what = start.outcome === "failed" ? "does not run" : "does not run yet";
  const why = start.state === "backing-off" && start.reason !== undefined
    ? `it ended (${start.reason}), and the service starts it again and again`
    : start.condition;
  terminal.note(printable(`berth: ${id} ${what}: ${why}`));
  if (start.lastLines) {
    terminal.note("Its last lines:");
    for (const line of start.lastLines) terminal.note(printable(`  ${line}`));
  }
  terminal.note(printable(start.advice ?? `'berth logs ${id}' prints its log.`));
}
