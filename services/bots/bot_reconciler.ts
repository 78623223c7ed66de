/**
 * One pass over one bot: read what should be, read what there is, plan, act.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import {
  BerthError,
  ContainerConflictError,
  EngineUnavailableError,
  ImageUnavailableError,
  LogsNotSavedError,
  ObjectStoreError,
} from "../../lib/errors.ts";
import { messageOf } from "../../lib/message_of.ts";
import type { ManagedContainer, Runner } from "../../lib/runner.ts";
import type { Clock } from "../control/clock.ts";
import type { WorkResult } from "../control/work_queue.ts";
import type { BotSettings } from "../documents/bot_document.ts";
import type { BotDocument, BotRepository } from "../documents/bot_repository.ts";
import type { BotCondition } from "./bot_condition.ts";
import { ConditionLog } from "./condition_log.ts";
import type { FreshRead } from "./fresh_reads.ts";
import type { FailedStart } from "./last_try.ts";
import { type Action, type Desired, type Plan, plan } from "./plan.ts";
import type { ServiceState } from "./service_state.ts";
import { type Wish, wishOf } from "./wish.ts";

/** What a {@linkcode BotReconciler} needs. */
export interface BotReconcilerOptions {
  /** The documents. */
  readonly repository: BotRepository;
  /** The containers. */
  readonly runner: Runner;
  /** Where conditions and counts go. */
  readonly state: ServiceState;
  /** The time. */
  readonly clock: Clock;
  /** Segment that is served, or `ALL_SEGMENTS`. */
  readonly segment: number;
  /** Why a bot whose document is gone must not be stopped yet; `undefined` when it may be. */
  readonly whyHeld: (id: string) => string | undefined;
  /** A bot has neither document nor container any more. */
  readonly onGone: (id: string) => void;
}

/** What is told of a live container. */
type Live = Pick<ManagedContainer, "containerId" | "specHash" | "attempt">;

/** Brings one bot at a time closer to what its document says. */
export class BotReconciler {
  readonly #options: BotReconcilerOptions;
  /** Bots whose container has exited and stays until its last lines are stored: what keeps them from it. */
  readonly #unsaved = new Map<string, string>();
  readonly #failedStarts = new Map<string, FailedStart>();
  readonly #conditions = new ConditionLog();
  /** Containers that this process has ended: what the engine tells of their ends is known. */
  readonly #ended = new Set<string>();
  readonly #log = getLogger(["berth", "bots"]);

  /**
   * Makes one; nothing is read yet.
   *
   * @param options See {@linkcode BotReconcilerOptions}.
   */
  constructor(options: BotReconcilerOptions) {
    this.#options = options;
  }

  /**
   * Makes one pass over one bot.
   *
   * @param id Id of the bot.
   * @param signal Gives up.
   * @param fresh What was read of it just now. @default {nothing}
   * @returns When to look again, where time alone is a reason to.
   * @throws what makes a pass impossible, such as a store or an engine that does not answer.
   */
  async reconcile(id: string, signal: AbortSignal, fresh?: FreshRead): Promise<WorkResult> {
    const { repository, runner, state, clock } = this.#options;
    const begin = clock.now();
    const [document, container] = await Promise.all([
      fresh ? fresh.document : repository.get(id, { signal }),
      fresh?.container ?? runner.findContainer("bot", id, { signal }),
    ]);
    const wish = this.wish(id, document);
    if (container?.phase !== "exited") this.#unsaved.delete(id);
    // A bot that is told to run again begins anew.
    if (wish.desired?.kind !== "run") this.#failedStarts.delete(id);
    const containers = container ? [container] : [];
    const next = this.preview(id, wish.desired, containers);
    this.#show(id, wish, next.condition, next.keeps);
    let live: Live | undefined = next.keeps;
    for (const action of next.actions) {
      if (action.type === "start") live = await this.#start(id, action.attempt, wish, signal);
      else await this.#end(id, action, containers, wish, signal);
      if (action.type === "start" && !live) return this.#afterFailure(id, wish);
    }
    if (next.actions.length > 0) this.#show(id, wish, next.settled, live);
    state.countReconcile(clock.now() - begin);
    return next.againInMs === undefined ? {} : { againInMs: next.againInMs };
  }

  /**
   * What a pass would do, without doing it.
   *
   * @param id Id of the bot.
   * @param desired What should be.
   * @param containers What there is.
   */
  preview(id: string, desired: Desired, containers: readonly ManagedContainer[]): Plan {
    const failedStart = this.#failedStarts.get(id);
    return plan(desired, { containers, ...(failedStart && { failedStart }) }, this.#options.clock.now());
  }

  /**
   * Whether this process itself ended a container, so that hints of its end are no news. A pass that failed at it
   * is made again without them.
   *
   * @param containerId The engine's id of the container.
   */
  hasEnded(containerId: string): boolean {
    return this.#ended.has(containerId);
  }

  /** Forgets what this process has ended, before everything is read anew. */
  forgetEnded(): void {
    this.#ended.clear();
  }

  /**
   * Tells the state of a bot about which there is nothing to do.
   *
   * @param id Id of the bot.
   * @param wish What its document asks for.
   * @param containers What there is.
   */
  observe(id: string, wish: Wish, containers: readonly ManagedContainer[]): void {
    const { condition, keeps } = this.preview(id, wish.desired, containers);
    this.#show(id, wish, condition, keeps);
  }

  /**
   * What a document asks for.
   *
   * @param id Id of the bot.
   * @param document Its document, where there is one.
   */
  wish(id: string, document: BotDocument | undefined): Wish {
    const { segment, whyHeld, runner } = this.#options;
    return wishOf(document, {
      segment,
      whyHeld: () => whyHeld(id),
      specHash: (executable) => runner.specHash(executable),
    });
  }

  #forget(id: string): void {
    this.#unsaved.delete(id);
    const { state, onGone } = this.#options;
    this.#failedStarts.delete(id);
    this.#conditions.forget(id);
    state.removeRunningBot(id);
    onGone(id);
  }

  async #end(
    id: string,
    action: Exclude<Action, { readonly type: "start" }>,
    containers: readonly ManagedContainer[],
    wish: Wish,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await this.#endNow(id, action, containers, wish.settings, signal);
      this.#unsaved.delete(id);
    } catch (error) {
      if (error instanceof LogsNotSavedError) {
        // It has exited all the same, and goes with the first pass after its log is stored.
        this.#unsaved.set(id, messageOf(error.cause));
        this.#show(id, wish, { type: "disabled" });
      }
      throw error;
    }
  }

  async #endNow(
    id: string,
    action: Exclude<Action, { readonly type: "start" }>,
    containers: readonly ManagedContainer[],
    settings: BotSettings | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { runner, state } = this.#options;
    this.#ended.add(action.containerId);
    if (action.type === "remove") return await runner.removeContainer(action.containerId, { signal });
    const graceSeconds = settings?.stopGraceSeconds;
    const grace = graceSeconds === undefined ? {} : { graceSeconds };
    this.#log.info("bot stopping", { id, reason: action.reason, ...grace });
    // What was looked at just now need not be looked up again.
    const container = containers.find(({ containerId }) => containerId === action.containerId);
    const { how, exitCode } = await runner.stopContainer(container ?? action.containerId, {
      signal,
      tail: 0,
      ...grace,
    });
    state.countStop();
    this.#log.info("bot stopped", { id, reason: action.reason, how, exitCode });
  }

  /** @returns What was started; `undefined` when the start failed, which is noted. */
  async #start(
    id: string,
    attempt: number,
    wish: Wish,
    signal: AbortSignal,
  ): Promise<Live | undefined> {
    const executable = wish.executable!;
    const logIntervalSeconds = wish.settings?.logIntervalSeconds;
    const { runner, state, clock } = this.#options;
    try {
      const { containerId, containerName, specHash } = await runner.startContainer(executable, {
        attempt,
        signal,
        ...(logIntervalSeconds !== undefined && { logIntervalSeconds }),
      });
      this.#failedStarts.delete(id);
      state.countStart({ restart: attempt > 1 });
      this.#log.info("bot started", { id, attempt, container: containerName });
      return { containerId, specHash, attempt };
    } catch (error) {
      // Who stands there was not seen by this pass: the next one looks again.
      if (signal.aborted || error instanceof ContainerConflictError) throw error;
      state.countFailedStart();
      const condition = startFailure(error);
      this.#log.debug("bot not started", { id, attempt, problem: (error as Error).message });
      const specHash = runner.specHash(executable);
      this.#failedStarts.set(id, { specHash, attempt, failedAt: new Date(clock.now()), condition });
      return undefined;
    }
  }

  #afterFailure(id: string, wish: Wish): WorkResult {
    const { condition, againInMs } = this.preview(id, wish.desired, []);
    this.#show(id, wish, condition);
    return againInMs === undefined ? {} : { againInMs };
  }

  #show(
    id: string,
    { desired, notes = [] }: Wish,
    planned: BotCondition | undefined,
    container?: Live,
  ): void {
    if (!planned) return this.#forget(id);
    const unsaved = this.#unsaved.get(id);
    const condition: BotCondition = unsaved === undefined
      ? planned
      : { type: "waiting", for: `its last lines to be stored, then its container goes: ${unsaved}` };
    this.#conditions.tell(id, condition);
    this.#conditions.note(id, notes);
    const specHash = container?.specHash ?? (desired?.kind === "run" ? desired.specHash : undefined);
    this.#options.state.setRunningBot({
      id,
      condition,
      ...(container && { containerId: container.containerId, attempt: container.attempt }),
      ...(specHash !== undefined && { specHash }),
      ...(notes.length > 0 && { notes }),
    });
  }
}

/** Whether it is the bot's own fault decides what people are told, and whether it counts. */
function startFailure(error: unknown): FailedStart["condition"] {
  const message = messageOf(error);
  if (error instanceof ImageUnavailableError) return { type: "image-missing", message };
  if (error instanceof EngineUnavailableError) return { type: "waiting", for: `the engine: ${message}` };
  if (error instanceof ObjectStoreError) return { type: "waiting", for: `the object store: ${message}` };
  return { type: "failed", message: error instanceof BerthError ? message : `unexpected: ${message}` };
}
