/**
 * What a pass over a bot does to its containers, and what is known of how that went.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import {
  BerthError,
  ContainerConflictError,
  EngineDiskFullError,
  EngineUnavailableError,
  ImageUnavailableError,
  LogsNotSavedError,
  messageOf,
  ObjectStoreError,
} from "../../lib/errors.ts";
import type { ManagedContainer, RemoveContainerOptions, Runner } from "../../lib/runner/runner.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { NotServingError } from "../ownership/serving_right.ts";
import type { FailedStart } from "./last_try.ts";
import type { Action } from "./plan.ts";
import type { ServiceState } from "./service_state.ts";
import type { Wish } from "./wish.ts";

/** What {@linkcode BotActions} need. */
export interface BotActionsOptions {
  /** The containers. */
  readonly runner: Runner;
  /** Where starts and stops are counted. */
  readonly state: ServiceState;
  /** The time. */
  readonly clock: Clock;
  /** Why the service must not act on containers at this moment; `undefined` when it may. @default {it may} */
  readonly whyIdle?: () => string | undefined;
}

/** Starts and ends the containers of bots. */
export class BotActions {
  readonly #options: BotActionsOptions;
  readonly #failedStarts = new Map<string, FailedStart>();
  /** Bots whose container has exited and stays until its last lines are stored: what keeps them from it. */
  readonly #unsaved = new Map<string, string>();
  /** Containers that this process has ended: what the engine tells of their ends is known. */
  readonly #ended = new Set<string>();
  readonly #log = getLogger(["berth", "bots"]);

  /** @param options See {@linkcode BotActionsOptions}. */
  constructor(options: BotActionsOptions) {
    this.#options = options;
  }

  /** The last start of a bot, if that failed. */
  failedStart(id: string): FailedStart | undefined {
    return this.#failedStarts.get(id);
  }

  /** A bot that is told to run again begins anew. */
  forgetFailedStart(id: string): void {
    this.#failedStarts.delete(id);
  }

  /** Why the last lines of a bot's container, which has exited and stays until then, cannot be stored. */
  unsaved(id: string): string | undefined {
    return this.#unsaved.get(id);
  }

  /** There is no such container any more. */
  forgetUnsaved(id: string): void {
    this.#unsaved.delete(id);
  }

  /** Whether this process itself has ended a container. */
  hasEnded(containerId: string): boolean {
    return this.#ended.has(containerId);
  }

  /** Forgets what this process has ended. */
  forgetEnded(): void {
    this.#ended.clear();
  }

  /**
   * Starts a bot.
   *
   * @param id Id of the bot.
   * @param attempt How many starts in a row this makes.
   * @param wish What is to run.
   * @param signal Gives up.
   * @returns Its container; `undefined` when the start failed, which is noted.
   * @throws {ContainerConflictError} when another container of its own is there.
   */
  async start(
    id: string,
    attempt: number,
    wish: Wish,
    signal: AbortSignal,
  ): Promise<ManagedContainer | undefined> {
    const executable = wish.executable!;
    const logIntervalSeconds = wish.settings?.logIntervalSeconds;
    const { runner, state, clock } = this.#options;
    try {
      this.#refuseIdle();
      const { container } = await runner.startContainer(executable, {
        attempt,
        signal,
        wait: false,
        beforeStart: () => this.#refuseIdle(),
        ...(logIntervalSeconds !== undefined && { logIntervalSeconds }),
      });
      this.#failedStarts.delete(id);
      state.countStart({ restart: attempt > 1 });
      this.#log.info("bot started", { id, attempt, container: container.containerName });
      return container;
    } catch (error) {
      // Who stands there was not seen by this pass: the next one looks again.
      if (signal.aborted || isUnseen(error)) throw error;
      state.countFailedStart();
      const condition = startFailure(error);
      this.#log.debug("bot not started", { id, attempt, problem: (error as Error).message });
      const specHash = runner.specHash(executable);
      this.#failedStarts.set(id, { specHash, attempt, failedAt: new Date(clock.now()), condition });
      return undefined;
    }
  }

  /**
   * Prepares what is to replace a container that runs, so that the bot is away for as short as can be.
   *
   * @param id Id of the bot.
   * @param wish What is to run.
   * @param replaces The engine's id of the container.
   * @param signal Gives up.
   * @returns False when it cannot be started, which is noted: what runs had better go on.
   */
  async prepare(id: string, wish: Wish, replaces: string, signal: AbortSignal): Promise<boolean> {
    const executable = wish.executable!;
    const { runner, state, clock } = this.#options;
    const before = this.#failedStarts.get(id);
    const specHash = runner.specHash(executable);
    try {
      await runner.prepare(executable, { replaces, signal });
      this.#failedStarts.delete(id);
      return true;
    } catch (error) {
      if (signal.aborted) throw error;
      state.countFailedStart();
      const attempt = before?.specHash === specHash ? before.attempt + 1 : 1;
      const condition = startFailure(error, " What ran before goes on.");
      this.#log.debug("bot not replaced", { id, attempt, problem: messageOf(error) });
      this.#failedStarts.set(id, { specHash, attempt, failedAt: new Date(clock.now()), condition });
      return false;
    }
  }

  /**
   * Stops or removes a container of a bot.
   *
   * @param id Id of the bot.
   * @param action Which of the two.
   * @param container The container.
   * @param wish What is asked of the bot.
   * @param signal Gives up.
   * @throws {LogsNotSavedError} when its last lines cannot be stored: it has exited all the same, and goes with the
   * first pass after that.
   */
  async end(
    id: string,
    action: Exclude<Action, { readonly type: "start" }>,
    container: ManagedContainer,
    wish: Wish,
    signal: AbortSignal,
  ): Promise<void> {
    const { containerId } = container;
    // A bot that is to run does not wait for the log of the container before.
    const options = { signal, makeRoom: wish.desired?.kind === "run" };
    this.#ended.add(containerId);
    try {
      if (action.type === "remove") await this.#options.runner.removeContainer(containerId, options);
      else await this.#stop(id, action.reason, container, wish.settings?.stopGraceSeconds, options);
      this.#unsaved.delete(id);
    } catch (error) {
      if (error instanceof LogsNotSavedError) this.#unsaved.set(id, messageOf(error.cause));
      throw error;
    }
  }

  /** @throws {NotServingError} when the service must not act at this moment. */
  #refuseIdle(): void {
    const why = this.#options.whyIdle?.();
    if (why !== undefined) throw new NotServingError(why);
  }

  async #stop(
    id: string,
    reason: string,
    container: ManagedContainer,
    graceSeconds: number | undefined,
    options: RemoveContainerOptions,
  ): Promise<void> {
    const { runner, state } = this.#options;
    const grace = graceSeconds === undefined ? {} : { graceSeconds };
    this.#log.info("bot stopping", { id, reason, ...grace });
    const { how, exitCode } = await runner.stopContainer(container, { ...options, tail: 0, ...grace });
    state.countStop();
    this.#log.info("bot stopped", { id, reason, how, exitCode });
  }
}

/** Another container of the bot's own, which the next pass sees. */
function isUnseen(error: unknown): boolean {
  return error instanceof ContainerConflictError && !error.isForeign;
}

/** Whether it is the bot's own fault decides what people are told, and whether it counts. */
function startFailure(error: unknown, consequence = ""): FailedStart["condition"] {
  const message = `${messageOf(error)}${consequence}`;
  if (error instanceof NotServingError) return { type: "waiting", for: message };
  if (error instanceof ContainerConflictError) return { type: "blocked", reason: message };
  if (error instanceof ImageUnavailableError) return { type: "image-missing", message };
  if (error instanceof EngineUnavailableError) return { type: "waiting", for: `the engine: ${message}` };
  if (error instanceof EngineDiskFullError) {
    return { type: "waiting", for: `space on the engine's disk: ${message}` };
  }
  if (error instanceof ObjectStoreError) return { type: "waiting", for: `the object store: ${message}` };
  return { type: "failed", message: error instanceof BerthError ? message : `unexpected: ${message}` };
}
