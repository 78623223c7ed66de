/**
 * The condition of a bot, for people and programs.
 *
 * @module
 */

import { describeOwnExit, type Exit } from "../../lib/runner/describe_exit.ts";

/** Why a container is stopped. */
export type StopReason =
  | "disabled"
  | "no document"
  | "replaced"
  | "duplicate"
  | "code lost"
  | "secrets changed"
  | "restart asked for"
  | "guard tripped"
  | "session over"
  | "silent"
  | "unhealthy";

/**
 * Whether the container of a bot runs as its document says and is not frozen, whatever else is known of it.
 *
 * @param condition The bot's condition.
 */
export function isUp({ type }: { readonly type: string }): boolean {
  return type === "running" || type === "ready" || type === "silent" || type === "unhealthy";
}

/** Says that a bot waits because a cluster cannot place it; a reason follows. */
export const FITTING_NODE = "a node that can run it";

/** The condition of a bot. `until` is the time of the next try. */
export type BotCondition =
  /** Its container runs as the document says. */
  | { readonly type: "running" }
  /** It runs, and has said itself that it is ready. */
  | { readonly type: "ready" }
  /** It runs, and gives no sign of life. */
  | { readonly type: "silent"; readonly message: string }
  /** It runs, and its health command fails. */
  | { readonly type: "unhealthy"; readonly message: string }
  /** Its container is as the document says, but somebody has frozen it (`docker pause`). */
  | { readonly type: "paused" }
  /** Its container is being started; `attempt` counts the starts in a row. */
  | { readonly type: "starting"; readonly attempt: number }
  /** Its container is being stopped. */
  | { readonly type: "stopping"; readonly reason: StopReason }
  /** It ended well, and is not started again by itself. */
  | { readonly type: "completed"; readonly endedAt: Date }
  /** It exited and will be started again. */
  | {
    readonly type: "backing-off";
    readonly until: Date;
    readonly nextAttempt: number;
  } & Exit
  /** Its document cannot be run. A container of an earlier version keeps running. */
  | { readonly type: "invalid"; readonly reason: string; readonly stillRunning: boolean }
  /** Its image is not on the engine and cannot be pulled. */
  | { readonly type: "image-missing"; readonly message: string; readonly until?: Date }
  /** An engine, an object store, a host or a node has to come back first. */
  | {
    readonly type: "waiting";
    readonly for: string;
    readonly until?: Date;
    /** Id of the bot, or of the run, that holds what it waits for. */
    readonly holder?: string;
  }
  /** Its document disables it, and it does not run. */
  | { readonly type: "disabled" }
  /** A guard has tripped, and nothing starts it before a person releases the guard. */
  | { readonly type: "latched"; readonly reason: string }
  /** Its document limits it to trading sessions, and there is none now. */
  | { readonly type: "outside-session"; readonly reason: string; readonly until?: Date }
  /** Its document is gone, and its container is kept until the deletion is certain. */
  | { readonly type: "held"; readonly reason: string }
  /** A foreign container has its name: a person has to act. */
  | { readonly type: "blocked"; readonly reason: string; readonly until?: Date }
  /**
   * It failed to start for another reason, or was stopped because it wrote too much to disk. With `endedAt`, it ended
   * badly, and is not started again by itself.
   */
  | { readonly type: "failed"; readonly message: string; readonly until?: Date; readonly endedAt?: Date };

/** The status of a bot, as it is set. */
export interface BotStatus {
  /** Id of the bot. */
  readonly id: string;
  /** The engine's id of its live container; absent if there is none. */
  readonly containerId?: string;
  /** Hash of everything that shapes that container. */
  readonly specHash?: string;
  /** Number of starts in a row so far, also between two of them; absent if it is not started again and again. */
  readonly attempt?: number;
  /** When that container was started. */
  readonly startedAt?: Date;
  /** Name of the node that it is on; only on a cluster. */
  readonly node?: string;
  /** Its condition. */
  readonly condition: BotCondition;
  /** Warnings about its document that do not keep it from running, a line each; absent if there are none. */
  readonly notes?: readonly string[];
  /** Its own status text, in one line; absent if it has none. */
  readonly statusText?: string;
}

/** The status of a bot, as it is shown. */
export interface RunningBot extends BotStatus {
  /** Since when its condition is of this type. */
  readonly conditionSince: Date;
  /** When the status was last set, changed or not. */
  readonly updatedAt: Date;
}

/**
 * Describes a condition in one line.
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
    case "ready":
    case "completed":
    case "disabled":
    case "paused":
      return condition.type;
    case "starting":
      return condition.attempt === 1 ? "starting" : `starting (start ${condition.attempt} in a row)`;
    case "silent":
    case "unhealthy":
      return condition.message;
    case "stopping":
      return `stopping: ${condition.reason}`;
    case "backing-off":
      return `backing off until ${condition.until.toISOString()} (${describeOwnExit(condition)}, ` +
        `next is start ${condition.nextAttempt} in a row)`;
    case "invalid":
      return `invalid: ${condition.reason}${
        condition.stillRunning ? " (the previous version keeps running)" : ""
      }`;
    case "image-missing":
      return `image missing: ${condition.message}${nextTry(condition.until)}`;
    case "waiting":
      return `waiting for ${condition.for}${nextTry(condition.until)}`;
    case "held":
      return `held: ${condition.reason}`;
    case "blocked":
      return `blocked: ${condition.reason}${nextTry(condition.until)}`;
    case "latched":
      return `latched: ${condition.reason}`;
    case "outside-session":
      return `outside its session: ${condition.reason}${nextStart(condition.until)}`;
    case "failed":
      return `failed: ${condition.message}${nextTry(condition.until)}`;
  }
}

function nextStart(until: Date | undefined): string {
  return until ? ` (starts at ${until.toISOString()})` : "";
}

function nextTry(until: Date | undefined): string {
  return until ? ` (next try at ${until.toISOString()})` : "";
}
