/**
 * What a bot is doing, for people and programs.
 *
 * @module
 */

import { describeExit, type Exit } from "../../lib/runner/describe_exit.ts";

/** Why a container is stopped. */
export type StopReason = "disabled" | "no document" | "replaced" | "duplicate" | "code lost";

/** What a bot is doing. `until` is the time of the next try. */
export type BotCondition =
  /** Its container runs and is as the document says. */
  | { readonly type: "running" }
  /** Its container is as the document says, and somebody has frozen it (`docker pause`): it does nothing. */
  | { readonly type: "paused" }
  /** Its container is being made; `attempt` counts the starts in a row. */
  | { readonly type: "starting"; readonly attempt: number }
  /** Its container is being stopped. */
  | { readonly type: "stopping"; readonly reason: StopReason }
  /** It exited, and is started again later. */
  | {
    readonly type: "backing-off";
    readonly until: Date;
    readonly nextAttempt: number;
  } & Exit
  /** Its document cannot be run. A container that runs from an earlier version of it goes on. */
  | { readonly type: "invalid"; readonly reason: string; readonly stillRunning: boolean }
  /** Its image is not on the engine and cannot be pulled. */
  | { readonly type: "image-missing"; readonly message: string; readonly until?: Date }
  /** Something other than the bot has to come back first: an engine, an object store, a host. */
  | { readonly type: "waiting"; readonly for: string; readonly until?: Date }
  /** Its document says that it should not run, and it does not. */
  | { readonly type: "disabled" }
  /** Its document is gone, and its container is kept until that is sure. */
  | { readonly type: "held"; readonly reason: string }
  /** A container of another document store, or of somebody else, has its name: a person has to act. */
  | { readonly type: "blocked"; readonly reason: string; readonly until?: Date }
  /** It could not be started for another reason. */
  | { readonly type: "failed"; readonly message: string; readonly until?: Date };

/**
 * Writes a condition as one line.
 *
 * @param condition The condition.
 * @returns The line, for example `backing off until 2025-01-01T00:00:07.000Z (exit code 1, next is start 4 in a row)`.
 */
export function describeCondition(condition: BotCondition): string {
  return describe(condition).replace(/\s+/g, " ");
}

function describe(condition: BotCondition): string {
  switch (condition.type) {
    case "running":
    case "disabled":
    case "paused":
      return condition.type;
    case "starting":
      return condition.attempt === 1 ? "starting" : `starting (start ${condition.attempt} in a row)`;
    case "stopping":
      return `stopping: ${condition.reason}`;
    case "backing-off":
      return `backing off until ${condition.until.toISOString()} (${describeExit(condition)}, ` +
        `next is start ${condition.nextAttempt} in a row)`;
    case "invalid":
      return `invalid: ${condition.reason}${condition.stillRunning ? " (what ran before goes on)" : ""}`;
    case "image-missing":
      return `image missing: ${condition.message}${nextTry(condition.until)}`;
    case "waiting":
      return `waiting for ${condition.for}${nextTry(condition.until)}`;
    case "held":
      return `held: ${condition.reason}`;
    case "blocked":
      return `blocked: ${condition.reason}${nextTry(condition.until)}`;
    case "failed":
      return `failed: ${condition.message}${nextTry(condition.until)}`;
  }
}

function nextTry(until: Date | undefined): string {
  return until ? ` (next try at ${until.toISOString()})` : "";
}
