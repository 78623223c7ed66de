/**
 * Sets the status of bots after each pass, and logs their conditions.
 *
 * @module
 */

import type { EngineUnavailableError } from "../../lib/errors.ts";
import type { ManagedContainer, Runner } from "../../lib/runner/runner.ts";
import { statesOf } from "../../lib/runner/states_of.ts";
import type { BotCondition } from "./bot_condition.ts";
import type { BotTable } from "./bot_table.ts";
import type { RunHealth } from "./run_health.ts";
import { ConditionLog } from "./condition_log.ts";
import type { BotSpec } from "./desired_state.ts";
import type { ServiceState } from "./service_state.ts";

/** Dependencies of {@linkcode StatusReports}. */
export interface StatusReportsOptions {
  /** The table of bots. */
  readonly bots: BotTable;
  /** Knows which log lines wait to be stored. */
  readonly runner: Pick<Runner, "waitingLogs">;
  /** Takes the status of each bot. */
  readonly state: Pick<ServiceState, "getRunningBot" | "setRunningBot" | "removeRunningBot">;
}

/** Sets the status of bots. */
export class StatusReports {
  readonly #options: StatusReportsOptions;
  readonly #conditions: ConditionLog;

  /** @param options See {@linkcode StatusReportsOptions}. */
  constructor(options: StatusReportsOptions) {
    this.#options = options;
    this.#conditions = new ConditionLog(options.bots);
  }

  /**
   * Sets the status of a bot.
   *
   * @param id Id of the bot.
   * @param spec The spec in its document.
   * @param planned Its condition by the plan; `undefined` if the bot is gone.
   * @param container Its live container, if there is one.
   */
  show(
    id: string,
    { desired, notes: documentNotes = [] }: BotSpec,
    planned: BotCondition | undefined,
    container?: ManagedContainer,
  ): void {
    const { bots, runner, state } = this.#options;
    if (!planned) return void state.removeRunningBot(id);
    const unsaved = bots.get(id)?.unsavedReason;
    const { health: known } = bots.get(id) ?? {};
    const health = known?.containerId === container?.containerId ? known : undefined;
    const condition: BotCondition = unsaved === undefined ? withHealth(planned, health) : {
      type: "waiting",
      for: `its last log lines to be stored before its container is removed: ${unsaved}`,
    };
    const waiting = runner.waitingLogs(id);
    const stateNote = statesOf(runner)?.noteOf(id);
    const notes = [...documentNotes, waiting, stateNote].filter((note) => note !== undefined);
    this.#conditions.reportCondition(id, condition);
    this.#conditions.reportNotes(id, documentNotes);
    const specHash = container?.specHash ?? (desired?.kind === "run" ? desired.specHash : undefined);
    const attempt = container?.attempt ??
      (condition.type === "backing-off" ? condition.nextAttempt - 1 : undefined);
    state.setRunningBot({
      id,
      condition,
      ...(attempt !== undefined && { attempt }),
      ...(container && {
        containerId: container.containerId,
        startedAt: container.startedAt ?? container.createdAt,
        ...(container.nodeName !== undefined && { node: container.nodeName }),
      }),
      ...(specHash !== undefined && { specHash }),
      ...(notes.length > 0 && { notes }),
      ...(health?.statusText !== undefined && { statusText: health.statusText }),
    });
  }

  /**
   * Shows that a known bot waits for the engine. The failed pass is made again.
   *
   * @param id Id of the bot.
   * @param error Why the engine does not answer.
   */
  showWaiting(id: string, { message }: EngineUnavailableError): void {
    const known = this.#options.state.getRunningBot(id);
    if (!known) return;
    const condition: BotCondition = { type: "waiting", for: `the engine: ${message}` };
    this.#conditions.reportCondition(id, condition);
    this.#options.state.setRunningBot({ ...known, condition });
  }
}

/** A bot that runs may be ready, or not well. */
function withHealth(condition: BotCondition, health: RunHealth | undefined): BotCondition {
  if (condition.type !== "running" || !health) return condition;
  const { trouble, isReady } = health;
  if (trouble) return { type: trouble.type, message: trouble.message };
  return isReady ? { type: "ready" } : condition;
}
