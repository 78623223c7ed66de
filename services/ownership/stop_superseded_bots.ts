/**
 * The fence between two hosts: bots that one of them serves do not run on the other.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { ALL_SEGMENTS, type Runner } from "../../lib/runner/runner.ts";
import type { ServedScope } from "./served_scope.ts";

/** Input of {@linkcode stopSupersededBots}. */
export interface StopSupersededBotsOptions {
  /** The scope that this process would serve. */
  readonly own: ServedScope;
  /** The scope that a service on another host serves. */
  readonly other: ServedScope;
  /** The containers of this host. It knows the document store. */
  readonly runner: Pick<Runner, "superviseContainers" | "stopContainer">;
  /** Logs which bots are stopped. */
  readonly log: Logger;
  /** Cancels the call. */
  readonly signal: AbortSignal;
}

/**
 * Stops the bots of this host that are served elsewhere. Runs of schedules go on to their end; so does what does not say
 * which store it comes from.
 *
 * @param options See {@linkcode StopSupersededBotsOptions}.
 * @throws The error that keeps one of them from being stopped, after the others were.
 */
export async function stopSupersededBots(options: StopSupersededBotsOptions): Promise<void> {
  const { own, other, runner, log, signal } = options;
  if (own.service !== "bots") return;
  const segment = own.segment === ALL_SEGMENTS ? other.segment : own.segment;
  const containers = await runner.superviseContainers(segment, { kind: "bot", signal });
  const bots = containers.filter(({ phase, store, isForeign }) =>
    phase === "running" && store !== undefined && !isForeign
  );
  const ends = await Promise.allSettled(bots.map(async (bot) => {
    const { how } = await runner.stopContainer(bot, { tail: 0, signal });
    log.warn("bot stopped", { id: bot.id, reason: "another host serves it", how });
  }));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
}
