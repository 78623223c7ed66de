/**
 * Waits until a deployed bot runs and stays up, or has ended well, or tells why it does not.
 *
 * @module
 */

import { type Clock, systemClock } from "../../lib/util/clock.ts";
import type { DeploymentProgress } from "../../services/contract/code.ts";

/** How a wait has ended. */
export type StartOutcome =
  /** It runs, and has stayed up. */
  | { readonly outcome: "running" }
  /** It ran, ended well, and is not started again by itself. */
  | { readonly outcome: "completed" }
  /** It does not run, for the reason that its condition names. */
  | { readonly outcome: "failed"; readonly state: string; readonly condition: string }
  /** Nobody looks after it, or its start takes very long. */
  | { readonly outcome: "waiting"; readonly state: string; readonly condition: string };

/** Options of {@linkcode awaitStart}. */
export interface AwaitStartOptions {
  /** Reads how far the bot is; `undefined` if nobody looks after it. */
  readonly look: () => Promise<DeploymentProgress | undefined>;
  /** How long it must stay up, in ms. */
  readonly stayMs: number;
  /** Longest time until it runs, in ms: an image may have to be pulled. @default {600_000} */
  readonly limitMs?: number;
  /** Called with each condition. */
  readonly onCondition?: (condition: string) => void;
  /** Ends the wait. */
  readonly signal: AbortSignal;
  /** The clock. @default {the machine's} */
  readonly clock?: Clock;
}

/** Time between two looks, in ms. */
const POLL_MS = 200;
/** Time after which a condition counts even if it may be that of the version before, in ms. */
const SETTLE_MS = 3000;
/** Time after which nobody looks after the bot, in ms. */
const UNKNOWN_MS = 15_000;
const RUNS = ["running", "ready"];
/** `completed` is here that of an earlier version. */
const UNDER_WAY = ["starting", "stopping", "unknown"];
/** How the program ended: of an earlier version, until the service has seen the one that is deployed. */
const ENDED = ["completed", "backing-off"];
const NOBODY: DeploymentProgress = {
  state: "unknown",
  condition: "no service has looked at it yet",
  isCurrent: false,
};

/**
 * Checks a bot until its fate is known.
 *
 * @param options See {@linkcode AwaitStartOptions}.
 * @returns How it has ended.
 */
export async function awaitStart(
  { look, stayMs, limitMs = 600_000, onCondition, signal, clock = systemClock }: AwaitStartOptions,
): Promise<StartOutcome> {
  const begin = clock.monotonic();
  let run: { readonly container: string | undefined; readonly since: number } | undefined;
  let seen: { readonly condition: string; readonly since: number } | undefined;
  while (true) {
    const progress = await look() ?? NOBODY;
    const { state, condition, isCurrent, containerId } = progress;
    const now = clock.monotonic();
    onCondition?.(condition);
    if (seen?.condition !== condition) seen = { condition, since: now };
    if (RUNS.includes(state) && isCurrent) {
      if (run?.container !== containerId || !run) run = { container: containerId, since: now };
      if (now - run.since >= stayMs) return { outcome: "running" };
    } else if (state === "completed" && isCurrent) {
      return { outcome: "completed" };
    } else if (!RUNS.includes(state) && !isUnderWay(progress)) {
      if (isCurrent || now - seen.since >= SETTLE_MS) return { outcome: "failed", state, condition };
    } else if (now - begin > (["unknown", ...ENDED].includes(state) ? UNKNOWN_MS : limitMs)) {
      return { outcome: "waiting", state, condition };
    }
    await clock.sleep(POLL_MS, signal);
  }
}

function isUnderWay({ state, isCurrent }: DeploymentProgress): boolean {
  return UNDER_WAY.includes(state) || (ENDED.includes(state) && !isCurrent);
}
