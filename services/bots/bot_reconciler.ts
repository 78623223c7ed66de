/**
 * One pass over one bot: read what should be, read what there is, plan, act.
 *
 * @module
 */

import { isDeepStrictEqual } from "node:util";
import {
  ContainerConflictError,
  ContainerNotFoundError,
  EngineUnavailableError,
  LogsNotSavedError,
} from "../../lib/errors.ts";
import type { ManagedContainer, Runner } from "../../lib/runner/runner.ts";
import { Ages } from "../control/ages.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { WorkResult } from "../control/work_queue.ts";
import type { BotDocument, BotRepository } from "../documents/bot_repository.ts";
import { adjustContainer, adjustFailedStart } from "./adjust_times.ts";
import { BotActions } from "./bot_actions.ts";
import type { BotCondition } from "./bot_condition.ts";
import { ConditionLog } from "./condition_log.ts";
import { LastDocuments } from "./last_documents.ts";
import type { FreshDocument } from "./fresh_documents.ts";
import { type Action, type Desired, type Plan, plan } from "./plan.ts";
import { SeenContainers } from "./seen_containers.ts";
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
  /** Why the service must not act on containers at this moment; `undefined` when it may. @default {it may} */
  readonly whyIdle?: () => string | undefined;
  /** A bot has neither document nor container any more. */
  readonly onGone: (id: string) => void;
}

/** How soon a document is read again that the database did not give, in ms. */
const AGAIN_MS = 5_000;

/** Brings one bot at a time closer to what its document says. */
export class BotReconciler {
  readonly #options: BotReconcilerOptions;
  /** What was last seen of the containers; each pass keeps it up to date. */
  readonly seen: SeenContainers = new SeenContainers();
  readonly #actions: BotActions;
  /** So that a clock that is set makes no bot wait. */
  readonly #ages: Ages;
  readonly #documents: LastDocuments;
  /** What each pass that is under way brings about. */
  readonly #aims = new Map<string, Desired>();
  readonly #conditions = new ConditionLog();

  /**
   * Makes one; nothing is read yet.
   *
   * @param options See {@linkcode BotReconcilerOptions}.
   */
  constructor(options: BotReconcilerOptions) {
    this.#options = options;
    this.#ages = new Ages(options.clock);
    this.#actions = new BotActions(options);
    this.#documents = new LastDocuments(options.repository);
  }

  /**
   * Makes one pass over one bot.
   *
   * @param id Id of the bot.
   * @param signal Gives up.
   * @param fresh Its document, where that was read or written just now.
   * @returns When to look again, where time alone is a reason to.
   * @throws what makes a pass impossible, such as a store or an engine that does not answer.
   */
  async reconcile(id: string, signal: AbortSignal, fresh?: FreshDocument): Promise<WorkResult> {
    const { runner, state, clock, segment } = this.#options;
    const begin = clock.monotonic();
    const seen = this.seen.take(id);
    try {
      let result = fresh && seen && await this.#actOnSeen(id, this.wish(id, fresh.document), seen, signal);
      if (!result) {
        const [{ document, problem }, containers] = await Promise.all([
          fresh ? { document: fresh.document, problem: undefined } : this.#documents.read(id, signal),
          runner.findContainers("bot", id, { segment, signal }),
        ]);
        result = problem === undefined
          ? await this.#pass(id, this.wish(id, document), containers, signal)
          : await this.#startAgain(id, document, containers, { problem, signal });
      }
      state.countReconcile(clock.monotonic() - begin);
      return result;
    } catch (error) {
      if (error instanceof EngineUnavailableError) this.#showWaiting(id, error);
      throw error;
    } finally {
      this.#aims.delete(id);
    }
  }

  /**
   * Whether a pass is under way that brings about just this.
   *
   * @param id Id of the bot.
   * @param desired What should be.
   */
  isBringingAbout(id: string, desired: Desired): boolean {
    return this.#aims.has(id) && isDeepStrictEqual(this.#aims.get(id), desired);
  }

  /** @returns `undefined` when one has to look: there is nothing to do as it seems, or it was not so any more. */
  async #actOnSeen(
    id: string,
    wish: Wish,
    seen: readonly ManagedContainer[],
    signal: AbortSignal,
  ): Promise<WorkResult | undefined> {
    if (this.preview(id, wish.desired, seen).actions.length === 0) return undefined;
    try {
      return await this.#pass(id, wish, seen, signal);
    } catch (error) {
      if (error instanceof ContainerNotFoundError || error instanceof ContainerConflictError) {
        return undefined;
      }
      throw error;
    }
  }

  /** While the database does not answer, a bot that has exited is started again, and nothing is stopped or replaced. */
  async #startAgain(
    id: string,
    document: BotDocument | undefined,
    containers: readonly ManagedContainer[],
    { problem, signal }: { readonly problem: unknown; readonly signal: AbortSignal },
  ): Promise<WorkResult> {
    const wish = this.wish(id, document);
    const hasOnlyExited = containers.length > 0 && containers.every(({ phase }) => phase === "exited");
    if (!hasOnlyExited || wish.desired?.kind !== "run") throw problem;
    this.#documents.tell(id, problem);
    const { againInMs = AGAIN_MS } = await this.#pass(id, wish, containers, signal);
    return { againInMs: Math.min(againInMs, AGAIN_MS) };
  }

  async #pass(
    id: string,
    wish: Wish,
    containers: readonly ManagedContainer[],
    signal: AbortSignal,
  ): Promise<WorkResult> {
    if (!containers.some(({ phase }) => phase === "exited")) this.#actions.forgetUnsaved(id);
    if (wish.desired?.kind !== "run") this.#actions.forgetFailedStart(id);
    const next = this.preview(id, wish.desired, containers);
    this.#aims.set(id, wish.desired);
    this.#show(id, wish, next.condition, next.keeps);
    const replaced = next.actions.find(isReplacement);
    if (replaced && !await this.#actions.prepare(id, wish, replaced.containerId, signal)) {
      return this.#afterFailure(id, wish, containers);
    }
    let live = next.keeps;
    let there = containers;
    for (const action of next.actions) {
      if (action.type === "start") {
        live = await this.#actions.start(id, action.attempt, wish, signal);
        if (!live) return this.#afterFailure(id, wish);
        there = [...there, live];
      } else {
        const container = there.find(({ containerId }) => containerId === action.containerId)!;
        await this.#actions.end(id, action, container, wish, signal).catch((error) => {
          if (error instanceof LogsNotSavedError) this.#show(id, wish, { type: "disabled" });
          throw error;
        });
        there = there.filter((each) => each !== container);
      }
    }
    // Of a bot that is gone nothing is kept.
    if (next.settled) this.seen.see(id, there);
    if (next.actions.length > 0) this.#show(id, wish, next.settled, live);
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
    const failed = this.#actions.failedStart(id);
    const actual = {
      containers: containers.map((container) => adjustContainer(container, this.#ages)),
      ...(failed && { failedStart: adjustFailedStart(id, failed, this.#ages) }),
    };
    return plan(desired, actual, this.#options.clock.now());
  }

  /**
   * Whether this process itself ended a container, so that hints of its end are no news. A pass that failed at it
   * is made again without them.
   *
   * @param containerId The engine's id of the container.
   */
  hasEnded(containerId: string): boolean {
    return this.#actions.hasEnded(containerId);
  }

  /** Forgets what this process has ended, before everything is read anew. */
  forgetEnded(): void {
    this.#actions.forgetEnded();
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
    const wish = wishOf(document, {
      segment,
      whyHeld: () => whyHeld(id),
      specHash: (executable) => runner.specHash(executable),
    });
    this.#documents.keep(id, wish.desired?.kind === "run" ? document : undefined);
    return wish;
  }

  #forget(id: string): void {
    const { state, onGone } = this.#options;
    this.seen.forget(id);
    this.#actions.forgetUnsaved(id);
    this.#actions.forgetFailedStart(id);
    this.#conditions.forget(id);
    state.removeRunningBot(id);
    onGone(id);
  }

  /** A pass that the engine keeps from its end is made again. */
  #showWaiting(id: string, { message }: EngineUnavailableError): void {
    const known = this.#options.state.getRunningBot(id);
    if (!known) return;
    const condition: BotCondition = { type: "waiting", for: `the engine: ${message}` };
    this.#conditions.tell(id, condition);
    this.#options.state.setRunningBot({ ...known, condition });
  }

  #afterFailure(id: string, wish: Wish, containers: readonly ManagedContainer[] = []): WorkResult {
    const { condition, keeps, againInMs } = this.preview(id, wish.desired, containers);
    this.#show(id, wish, condition, keeps);
    if (keeps) this.seen.see(id, containers);
    return againInMs === undefined ? {} : { againInMs };
  }

  #show(
    id: string,
    { desired, notes: told = [] }: Wish,
    planned: BotCondition | undefined,
    container?: ManagedContainer,
  ): void {
    if (!planned) return this.#forget(id);
    const unsaved = this.#actions.unsaved(id);
    const condition: BotCondition = unsaved === undefined
      ? planned
      : { type: "waiting", for: `its last lines to be stored, then its container goes: ${unsaved}` };
    const waiting = this.#options.runner.waitingLogs(id);
    const notes = waiting === undefined ? told : [...told, waiting];
    this.#conditions.tell(id, condition);
    this.#conditions.note(id, told);
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

/** What is stopped is to be followed by another start at once. */
function isReplacement(action: Action): action is Action & { readonly type: "stop" } {
  return action.type === "stop" && (action.reason === "replaced" || action.reason === "code lost");
}
