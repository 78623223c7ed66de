/**
 * One pass over one bot: read the desired state and the actual one, plan, act.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { isDeepStrictEqual } from "node:util";
import {
  ContainerConflictError,
  ContainerNotFoundError,
  EngineUnavailableError,
  LogsNotSavedError,
  messageOf,
} from "../../lib/errors.ts";
import type { ManagedContainer, Runner } from "../../lib/runner/runner.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { Ages } from "../control/ages.ts";
import type { WorkResult } from "../control/work_queue.ts";
import type { DocumentRules } from "../documents/bot_document.ts";
import type { BotDocument, BotRepository } from "../documents/bot_repository.ts";
import { adjustContainer, adjustFailedStart } from "./adjust_times.ts";
import { BotActions } from "./bot_actions.ts";
import type { StopReason } from "./bot_condition.ts";
import type { BotTable } from "./bot_table.ts";
import { askGate, type BotSpec, type DesiredState, readBotSpec } from "./desired_state.ts";
import { DocumentReader } from "./document_reader.ts";
import { ExitReports } from "./exit_reports.ts";
import { leaseKey } from "../../lib/cluster/lease_key.ts";
import type { AccountBook } from "../leases/account_book.ts";
import { type Action, type Plan, plan } from "./plan.ts";
import { type RunGate, RunRefusedError } from "./run_gate.ts";
import type { ServiceState } from "./service_state.ts";
import { StatusReports } from "./status_reports.ts";
import type { WatchedRuns } from "./watched_runs.ts";

/** Dependencies of {@linkcode BotReconciler}. */
export interface BotReconcilerOptions extends DocumentRules {
  /** The documents. */
  readonly repository: BotRepository;
  /** The containers. */
  readonly runner: Runner;
  /** The table of bots. */
  readonly bots: BotTable;
  /** Takes the status of each bot, and counts. */
  readonly state: ServiceState;
  /** The time. */
  readonly clock: Clock;
  /** Segment that is served, or `ALL_SEGMENTS`. */
  readonly segment: number;
  /** Why a bot without a document must not be stopped yet; `undefined` if it may be. */
  readonly whyHeld: (id: string) => string | undefined;
  /** Why the service must not touch containers now; `undefined` if it may. @default it may */
  readonly whyIdle?: () => string | undefined;
  /** Whether a bot may run. @default {each may} */
  readonly gate?: RunGate;
  /** Has runs watched. @default {nobody watches} */
  readonly runs?: Pick<WatchedRuns, "see" | "end">;
  /** Gives each account to one bot at a time. @default {bots hold no accounts} */
  readonly accounts?: Pick<AccountBook, "take" | "check" | "keepOnly" | "release">;
}

/** Brings one bot at a time closer to what its document says. */
export class BotReconciler {
  readonly #options: BotReconcilerOptions;
  readonly #actions: BotActions;
  /** Keeps a bot from waiting when the clock is set. */
  readonly #ages: Ages;
  readonly #documents: DocumentReader;
  readonly #exits: ExitReports;
  readonly #statuses: StatusReports;
  readonly #log = getLogger(["berth", "bots"]);

  /** @param options See {@linkcode BotReconcilerOptions}. */
  constructor(options: BotReconcilerOptions) {
    this.#options = options;
    this.#ages = new Ages(options.clock);
    this.#actions = new BotActions(options);
    this.#documents = new DocumentReader(options);
    this.#exits = new ExitReports(options);
    this.#statuses = new StatusReports(options);
  }

  /**
   * Makes one pass over one bot.
   *
   * @param id Id of the bot.
   * @param signal Cancels the call.
   * @returns When to make the next pass, if time alone requires one.
   * @throws The error that makes a pass impossible, such as a store or an engine that does not answer.
   */
  async reconcile(id: string, signal: AbortSignal): Promise<WorkResult> {
    const { runner, bots, state, clock, segment } = this.#options;
    const beganAt = clock.monotonic();
    await this.#meet(id, signal);
    const fresh = bots.takeDocument(id);
    const known = bots.takeContainers(id);
    try {
      let result = fresh && known && await this.#actOnKnown(id, this.read(id, fresh.document), known, signal);
      if (!result) {
        const last = fresh ? undefined : this.#lastDocument(id);
        const spec = last && this.read(id, last);
        const finding = runner.findContainers("bot", id, { segment, signal });
        if (spec && this.preview(id, spec.desired, await finding).actions.length === 0) {
          result = await this.#pass(id, spec, await finding, signal);
        } else {
          const [{ document, problem }, containers] = await Promise.all([
            fresh ? { document: fresh.document, problem: undefined } : this.#documents.read(id, signal),
            finding,
          ]);
          result = problem === undefined
            ? await this.#pass(id, this.read(id, document), containers, signal)
            : await this.#passWithout(id, document, containers, { problem, signal });
        }
      }
      state.countReconcile(clock.monotonic() - beganAt);
      return result;
    } catch (error) {
      // The next pass shows why, and stops what has to be stopped.
      if (error instanceof RunRefusedError) return { againInMs: 0 };
      if (error instanceof EngineUnavailableError) this.#statuses.showWaiting(id, error);
      throw error;
    } finally {
      bots.clear(id, "inFlight");
    }
  }

  /**
   * The document by which a pass may find that there is nothing to do: most passes follow an event of a container, and a
   * change of the document brings an event of its own, or comes with the next full read.
   */
  #lastDocument(id: string): BotDocument | undefined {
    const { lastDocument, isDocumentDoubtful } = this.#options.bots.get(id) ?? {};
    return isDocumentDoubtful ? undefined : lastDocument;
  }

  /** Another process may have served the bot before, and know why it must not run. */
  async #meet(id: string, signal: AbortSignal): Promise<void> {
    const { bots, gate } = this.#options;
    if (!gate?.meet || bots.get(id)?.isMet) return;
    await gate.meet(id, signal);
    bots.update(id, { isMet: true });
  }

  /**
   * Tells whether a pass under way brings about a state.
   *
   * @param id Id of the bot.
   * @param desired The state.
   */
  isBringingAbout(id: string, desired: DesiredState): boolean {
    const inFlight = this.#options.bots.get(id)?.inFlight;
    return inFlight !== undefined && isDeepStrictEqual(inFlight.desired, desired);
  }

  /**
   * Acts on containers that were seen before, without querying the engine.
   *
   * @returns `undefined` if they suggest no action or turn out to be stale; the caller must then query the engine.
   */
  async #actOnKnown(
    id: string,
    spec: BotSpec,
    known: readonly ManagedContainer[],
    signal: AbortSignal,
  ): Promise<WorkResult | undefined> {
    if (this.preview(id, spec.desired, known).actions.length === 0) return undefined;
    try {
      return await this.#pass(id, spec, known, signal);
    } catch (error) {
      if (error instanceof ContainerNotFoundError || error instanceof ContainerConflictError) {
        return undefined;
      }
      throw error;
    }
  }

  /**
   * While the database does not answer, starts an exited bot again, and stops one that must not run whatever its document
   * says. Nothing else is stopped or replaced then.
   */
  async #passWithout(
    id: string,
    document: BotDocument | undefined,
    containers: readonly ManagedContainer[],
    { problem, signal }: { readonly problem: unknown; readonly signal: AbortSignal },
  ): Promise<WorkResult> {
    const spec = document ? this.read(id, document) : this.#readUnknown(id, problem);
    const { desired } = spec;
    const hasOnlyExited = containers.length > 0 && containers.every(({ phase }) => phase === "exited");
    const mayStart = desired?.kind === "run" && hasOnlyExited;
    const mustStop = desired?.kind === "refused" &&
      this.preview(id, desired, containers).actions.some(({ type }) => type === "stop");
    if (!mayStart && !mustStop) {
      if (containers.length > 0) throw problem;
      // It may be being replaced, and there is nothing to stop meanwhile: a database that is slow is waited for.
      const current = await this.#options.repository.get(id, { signal });
      return await this.#pass(id, this.read(id, current), containers, signal);
    }
    const what = mustStop ? "stopping a bot that must not run" : "using the last known document";
    this.#log.warn(`database does not answer: ${what}`, { id, problem: messageOf(problem) });
    const retryMs = backoffMs(1, RETRY.unavailable);
    const { againInMs = retryMs } = await this.#pass(id, spec, containers, signal);
    return { againInMs: Math.min(againInMs, retryMs) };
  }

  async #pass(
    id: string,
    spec: BotSpec,
    containers: readonly ManagedContainer[],
    signal: AbortSignal,
  ): Promise<WorkResult> {
    const { bots } = this.#options;
    const { desired } = spec;
    if (!containers.some(({ phase }) => phase === "exited")) bots.clear(id, "unsavedReason");
    if (desired?.kind !== "run") bots.clear(id, "failedStart", "restart");
    this.#exits.report(id, containers);
    this.#watch(id, spec, containers);
    const next = this.preview(id, desired, containers);
    bots.update(id, { inFlight: { desired } });
    // The container that stays is another one than the restart names: somebody else has replaced it.
    if (next.keeps && next.keeps.containerId !== bots.get(id)?.restart?.containerId) {
      bots.clear(id, "restart");
    }
    this.#statuses.show(id, spec, next.condition, next.keeps);
    const replaced = next.actions.find(isReplacement);
    if (replaced && !await this.#actions.prepare(id, spec, replaced.containerId, signal)) {
      return this.#afterFailure(id, spec, containers);
    }
    let live = next.keeps;
    let current = containers;
    for (const action of next.actions) {
      if (action.type === "start") {
        live = await this.#actions.start(id, action.attempt, spec, signal);
        if (!live) return this.#afterFailure(id, spec);
        current = [...current, live];
        this.#watch(id, spec, current, true);
      } else {
        const container = current.find(({ containerId }) => containerId === action.containerId)!;
        await this.#actions.end(id, action, container, spec, signal).catch((error) => {
          if (error instanceof LogsNotSavedError) this.#statuses.show(id, spec, { type: "disabled" });
          throw error;
        });
        current = current.filter((each) => each !== container);
      }
    }
    this.#keepSettings(id, spec, current);
    this.#releaseAccounts(id, next, current);
    // Nothing is kept of a bot that is gone.
    if (next.settled) bots.containersSeen(id, current);
    // A cluster takes a container over before a node runs it.
    const isTakenOver = live !== next.keeps && live?.phase === "starting";
    const { condition: settled, againInMs } = isTakenOver
      ? this.preview(id, desired, current)
      : { condition: next.settled, againInMs: next.againInMs };
    if (next.actions.length > 0) this.#statuses.show(id, spec, settled, live);
    return soonest(againInMs, spec.againInMs);
  }

  /**
   * Plans a pass without making it.
   *
   * @param id Id of the bot.
   * @param desired The desired state.
   * @param containers Its containers.
   */
  preview(id: string, desired: DesiredState, containers: readonly ManagedContainer[]): Plan {
    const { failedStart: failed, restart, health } = this.#options.bots.get(id) ?? {};
    const { containerId, trouble } = health ?? {};
    const actual = {
      containers: containers.map((container) => adjustContainer(container, this.#ages)),
      ...(failed && { failedStart: adjustFailedStart(id, failed, this.#ages) }),
      ...(restart && { restart }),
      ...(containerId !== undefined && trouble?.isToRestart && { unwell: { containerId, trouble } }),
    };
    return plan(desired, actual, this.#options.clock.now());
  }

  /**
   * Tells whether a bot has ended for good, as its status says already.
   *
   * @param id Id of the bot.
   * @param desired The desired state.
   * @param containers Its containers, as a list shows them.
   */
  hasEnded(id: string, desired: DesiredState, containers: readonly ManagedContainer[]): boolean {
    const { reportedExit, status } = this.#options.bots.get(id) ?? {};
    const { actions, condition } = this.preview(id, desired, containers);
    const isEnd = condition !== undefined && "endedAt" in condition;
    return isEnd && actions.length === 0 && status?.condition.type === condition.type &&
      containers.some(({ containerId }) => containerId === reportedExit);
  }

  /**
   * Sets the status of a bot that a full read found as it should be.
   *
   * @param id Id of the bot.
   * @param spec The spec in its document.
   * @param containers Its containers.
   */
  observe(id: string, spec: BotSpec, containers: readonly ManagedContainer[]): void {
    this.#watch(id, spec, containers);
    const next = this.preview(id, spec.desired, containers);
    const { condition, keeps } = next;
    this.#releaseAccounts(id, next, containers);
    // A bot that has changed since the read began may not be gone: a pass of its own decides.
    if (!condition && this.#options.bots.hasChanged(id)) return;
    this.#statuses.show(id, spec, condition, keeps);
  }

  /**
   * Reads what a document asks for, and keeps one that asks for a run as the last known document.
   *
   * @param id Id of the bot.
   * @param document Its document; `undefined` if there is none.
   */
  read(id: string, document: BotDocument | undefined): BotSpec {
    const { bots, segment, whyHeld, runner, bounds, calendars, gate } = this.#options;
    const read = readBotSpec(document, {
      segment,
      ...(bounds && { bounds }),
      ...(calendars && { calendars }),
      whyHeld: () => whyHeld(id),
      specHash: (executable) => runner.specHash(executable),
    });
    // A bot that a gate refuses now may run later.
    const spec = gate ? askGate(id, read, gate, bots.get(id)?.lastSettings) : read;
    if (document && read.desired?.kind === "run") bots.update(id, { lastDocument: document });
    else bots.clear(id, "lastDocument");
    return spec;
  }

  /** A bot whose document is not known stays as it is, unless a gate has it stopped. */
  #readUnknown(id: string, problem: unknown): BotSpec {
    const { bots, gate } = this.#options;
    const spec: BotSpec = { desired: { kind: "held", reason: messageOf(problem) } };
    return gate ? askGate(id, spec, gate, bots.get(id)?.lastSettings) : spec;
  }

  /** A bot that is being replaced or that must not run is watched as well until its container is stopped. */
  #watch(id: string, spec: BotSpec, containers: readonly ManagedContainer[], isNew = false): void {
    this.#keepSettings(id, spec, containers);
    const running = containers.filter(({ kind, phase, isForeign }) =>
      kind === "bot" && phase === "running" && !isForeign
    );
    const newest = running.toSorted((a, b) => b.createdAt.getTime() - a.createdAt.getTime())[0];
    this.#options.runs?.see(id, newest, spec.settings, isNew);
  }

  /** Keeps the settings of what runs: a document that becomes invalid must not keep a bot on after its session. */
  #keepSettings(id: string, { settings }: BotSpec, containers: readonly ManagedContainer[]): void {
    const { bots } = this.#options;
    if (!containers.some(mayRun)) bots.clear(id, "lastSettings");
    else if (settings) bots.update(id, { lastSettings: settings });
  }

  /** A bot keeps its accounts from one version to the next, and until its container is gone. */
  #releaseAccounts(id: string, { actions, settled }: Plan, containers: readonly ManagedContainer[]): void {
    const { type } = settled ?? {};
    const comesNext = type === "starting" || type === "stopping" ||
      actions.some(({ type }) => type === "start");
    if (!comesNext && !containers.some(mayRun)) {
      this.#options.accounts?.release({ kind: "bot", id, lease: leaseKey("bot", id, undefined) });
    }
  }

  #afterFailure(id: string, spec: BotSpec, containers: readonly ManagedContainer[] = []): WorkResult {
    const { condition, keeps, againInMs } = this.preview(id, spec.desired, containers);
    this.#statuses.show(id, spec, condition, keeps);
    if (keeps) this.#options.bots.containersSeen(id, containers);
    return soonest(againInMs, spec.againInMs);
  }
}

function mayRun({ phase, isForeign, isGone }: ManagedContainer): boolean {
  return phase !== "exited" && !isGone && !isForeign;
}

function soonest(...times: readonly (number | undefined)[]): WorkResult {
  const known = times.filter((ms) => ms !== undefined);
  return known.length === 0 ? {} : { againInMs: Math.min(...known) };
}

const REPLACED_FOR: ReadonlySet<StopReason> = new Set([
  "replaced",
  "code lost",
  "secrets changed",
  "restart asked for",
]);

/** Tells whether a new start follows the stop at once. */
function isReplacement(action: Action): action is Action & { readonly type: "stop" } {
  return action.type === "stop" && REPLACED_FOR.has(action.reason);
}
