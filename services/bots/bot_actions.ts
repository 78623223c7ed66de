/**
 * Starts and stops the containers of bots, and keeps what failed.
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
  SecretUnavailableError,
} from "../../lib/errors.ts";
import { LeaseHeldError } from "../../lib/cluster/cluster_leases.ts";
import { leaseKey } from "../../lib/cluster/lease_key.ts";
import type { ManagedContainer, RemoveContainerOptions, Runner } from "../../lib/runner/runner.ts";
import { describeChange } from "../../lib/runner/spec_parts.ts";
import { isDiskFull } from "../../lib/util/files.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { StoreUnavailableError } from "../documents/bot_repository.ts";
import type { AccountBook } from "../leases/account_book.ts";
import { AccountHeldError } from "../leases/account_held_error.ts";
import { NotServingError } from "../ownership/serving_right.ts";
import { describeCondition, type StopReason } from "./bot_condition.ts";
import type { BotTable } from "./bot_table.ts";
import type { BotSpec } from "./desired_state.ts";
import type { Action } from "./plan.ts";
import { type RunGate, RunRefusedError } from "./run_gate.ts";
import { type FailedStart, stoppedByWatchdog, stoppedForDisk } from "./restart_policy.ts";
import type { WatchedRuns } from "./watched_runs.ts";
import type { ServiceState } from "./service_state.ts";

/** Dependencies of {@linkcode BotActions}. */
export interface BotActionsOptions {
  /** The containers. */
  readonly runner: Runner;
  /** The bots, with the last failure of each. */
  readonly bots: BotTable;
  /** Where starts and stops are counted. */
  readonly state: ServiceState;
  /** The time. */
  readonly clock: Clock;
  /** Why the service must not touch containers now; `undefined` if it may. @default it may */
  readonly whyIdle?: () => string | undefined;
  /** Whether a bot may run. @default {each may} */
  readonly gate?: RunGate;
  /** Gives each account to one bot at a time. @default {bots hold no accounts} */
  readonly accounts?: Pick<AccountBook, "take" | "check" | "keepOnly" | "release">;
  /** Has runs watched. @default {nobody watches} */
  readonly runs?: Pick<WatchedRuns, "end">;
}

/** Starts, replaces, stops and removes the containers of bots. */
export class BotActions {
  readonly #options: BotActionsOptions;
  readonly #log = getLogger(["berth", "bots"]);

  /** @param options See {@linkcode BotActionsOptions}. */
  constructor(options: BotActionsOptions) {
    this.#options = options;
  }

  /**
   * Starts a bot.
   *
   * @param id Id of the bot.
   * @param attempt How many starts in a row this makes.
   * @param spec The spec that should run.
   * @param signal Cancels the call.
   * @returns Its container; `undefined` if the start failed, which the bot's entry then says.
   * @throws {ContainerConflictError} If the bot has a container that this pass did not see.
   * @throws {RunRefusedError} If it must not run any more.
   */
  async start(
    id: string,
    attempt: number,
    spec: BotSpec,
    signal: AbortSignal,
  ): Promise<ManagedContainer | undefined> {
    const executable = spec.executable!;
    const { logIntervalSeconds, lease: leaseMode, stopGraceSeconds } = spec.settings ?? {};
    const { runner, bots, state, clock, accounts } = this.#options;
    // A copy that was lost may live although this start failed.
    const holder = { kind: "bot", id, lease: leaseKey("bot", id, undefined) } as const;
    try {
      this.#refuseIdle();
      const accountEpochs = executable.accounts &&
        await accounts?.take(holder, executable.accounts, { signal });
      const { container } = await runner.startContainer(executable, {
        attempt,
        signal,
        wait: false,
        beforeStart: () => {
          this.#refuseIdle();
          this.#askGate(id, spec);
        },
        ...(logIntervalSeconds !== undefined && { logIntervalSeconds }),
        ...(accountEpochs && { accountEpochs }),
        ...(leaseMode && { leaseMode }),
        ...(stopGraceSeconds !== undefined && { stopGraceSeconds }),
      });
      accounts?.keepOnly(holder, executable.accounts ?? []);
      bots.clear(id, "failedStart", "restart");
      state.report({
        type: "started",
        id,
        containerId: container.containerId,
        attempt,
        at: new Date(clock.now()),
      });
      this.#log.info("bot started", { id, attempt, container: container.containerName });
      return container;
    } catch (error) {
      // This pass did not see that container; the next one queries the engine.
      if (signal.aborted || isUnseen(error) || error instanceof RunRefusedError) throw error;
      if (!mayHaveStarted(error)) accounts?.release(holder);
      state.countFailedStart();
      const failure = startFailure(error);
      this.#log.debug("bot not started", { id, attempt, problem: (error as Error).message });
      const specHash = runner.specHash(executable);
      const failedAt = new Date(clock.now());
      bots.update(id, { failedStart: { specHash, attempt, failedAt, ...failure } });
      return undefined;
    }
  }

  /**
   * Prepares the replacement of a running container, to keep the bot's downtime short.
   *
   * @param id Id of the bot.
   * @param spec The spec that should run.
   * @param replaces The engine's id of the container.
   * @param signal Cancels the call.
   * @returns False if the replacement cannot be started, which the bot's entry then says: do not stop the container.
   */
  async prepare(id: string, spec: BotSpec, replaces: string, signal: AbortSignal): Promise<boolean> {
    const executable = spec.executable!;
    const { runner, bots, state, clock, accounts } = this.#options;
    const before = bots.get(id)?.failedStart;
    const specHash = runner.specHash(executable);
    const check = async () => {
      if (executable.accounts) await accounts?.check({ kind: "bot", id }, executable.accounts, { signal });
    };
    try {
      await check();
      await runner.prepare(executable, { replaces, signal });
      // That takes minutes where code or an image is large, and somebody else may have taken an account.
      await check();
      bots.clear(id, "failedStart");
      return true;
    } catch (error) {
      if (signal.aborted) throw error;
      state.countFailedStart();
      const attempt = before?.specHash === specHash ? before.attempt + 1 : 1;
      const failure = startFailure(error, " The previous version keeps running.");
      this.#log.debug("bot not replaced", { id, attempt, problem: messageOf(error) });
      const failedAt = new Date(clock.now());
      bots.update(id, { failedStart: { specHash, attempt, failedAt, ...failure } });
      return false;
    }
  }

  /**
   * Stops or removes a container of a bot.
   *
   * @param id Id of the bot.
   * @param action Whether to stop or to remove it.
   * @param container The container.
   * @param spec The spec in the bot's document.
   * @param signal Cancels the call.
   * @throws {LogsNotSavedError} If its last log lines cannot be stored: it has exited, and a later pass removes it.
   */
  async end(
    id: string,
    action: Exclude<Action, { readonly type: "start" }>,
    container: ManagedContainer,
    spec: BotSpec,
    signal: AbortSignal,
  ): Promise<void> {
    const { runner, bots } = this.#options;
    const { containerId } = container;
    // Another leader may have started it since: its containers have one name on all hosts.
    if (runner.capabilities.spansHosts) this.#refuseIdle();
    // The next start does not wait for the previous container's log.
    const options = { signal, makeRoom: spec.desired?.kind === "run" };
    bots.containerEnded(containerId);
    this.#options.runs?.end(containerId);
    try {
      if (container.diskUse && options.makeRoom) {
        bots.update(id, { failedStart: stoppedForDisk(container) });
      }
      if (action.type === "remove") await runner.removeContainer(containerId, options);
      else await this.#stop(id, action, container, spec, options);
      bots.clear(id, "unsavedReason");
    } catch (error) {
      if (error instanceof LogsNotSavedError) bots.update(id, { unsavedReason: messageOf(error.cause) });
      throw error;
    }
  }

  /** @throws {NotServingError} If the service must not touch containers now. */
  #refuseIdle(): void {
    const why = this.#options.whyIdle?.();
    if (why !== undefined) throw new NotServingError(why);
  }

  /** @throws {RunRefusedError} If a gate has come to refuse the bot during this pass. */
  #askGate(id: string, { settings }: BotSpec): void {
    const { refusal } = this.#options.gate?.ask({ id, ...(settings && { settings }) }) ?? {};
    if (refusal) throw new RunRefusedError(describeCondition(refusal.condition));
  }

  async #stop(
    id: string,
    { reason, ...words }: Action & { readonly type: "stop" },
    container: ManagedContainer,
    { executable, settings: { stopGraceSeconds: graceSeconds } = {} }: BotSpec,
    options: RemoveContainerOptions,
  ): Promise<void> {
    const { runner, state, clock } = this.#options;
    const grace = graceSeconds === undefined ? {} : { graceSeconds };
    const change = reason === "replaced" && executable
      ? describeChange(container.specParts, runner.specParts(executable))
      : undefined;
    const cause = words.cause ?? (change === undefined ? CAUSES[reason] : `as ${change}`);
    const why = cause === undefined ? {} : { cause };
    this.#log.info("bot stopping", { id, reason, ...why, ...grace });
    const { how, exitCode } = await runner.stopContainer(container, {
      ...options,
      tail: 0,
      ...grace,
      reason: words.onStopReason ?? reason,
    });
    const { containerId, attempt, createdAt, startedAt = createdAt } = container;
    const at = new Date(clock.now());
    if (reason === "silent" || reason === "unhealthy") {
      const trouble = cause ?? reason;
      this.#options.bots.update(id, { failedStart: stoppedByWatchdog(container, { exitCode, trouble }, at) });
    }
    state.report({
      type: "stopped",
      id,
      containerId,
      attempt,
      startedAt,
      at,
      why: reason,
      ...why,
      ...(how === "killed" && { isKilled: true }),
      exit: { exitCode },
    });
    this.#log.info("bot stopped", { id, reason, how, exitCode });
  }
}

/** The cause of a stop, if its reason does not contain it. */
const CAUSES: Readonly<Partial<Record<StopReason, string>>> = {
  "code lost": "as files of its code were missing",
  duplicate: "as another container of the bot ran",
};

/** Tells whether the bot has a container of its own that this pass did not see. */
function isUnseen(error: unknown): boolean {
  return error instanceof ContainerConflictError && !error.isForeign;
}

/** Tells whether a copy of the bot may live although the start failed. */
function mayHaveStarted(error: unknown): boolean {
  return error instanceof EngineUnavailableError || error instanceof NotServingError ||
    error instanceof LeaseHeldError;
}

/** The outcome of a failed start. */
function startFailure(error: unknown, consequence = ""): Pick<FailedStart, "condition" | "againInMs"> {
  if (error instanceof LeaseHeldError) {
    const condition = { type: "waiting", for: "the lease of its last copy, which may still run" } as const;
    return { condition, againInMs: error.againInMs };
  }
  if (error instanceof AccountHeldError) {
    const { waitsFor, holder: { id: holder } } = error;
    const end = consequence === "" ? "" : `.${consequence}`;
    return { condition: { type: "waiting", for: `${waitsFor}${end}`, holder } };
  }
  return { condition: failedCondition(error, consequence) };
}

/** Conditions that are not the bot's own fault (`waiting`, `blocked`) cost no attempt. */
function failedCondition(error: unknown, consequence: string): FailedStart["condition"] {
  const message = `${messageOf(error)}${consequence}`;
  if (error instanceof NotServingError) return { type: "waiting", for: message };
  if (error instanceof ContainerConflictError) return { type: "blocked", reason: message };
  if (error instanceof ImageUnavailableError) return { type: "image-missing", message };
  if (error instanceof EngineUnavailableError) return { type: "waiting", for: `the engine: ${message}` };
  if (error instanceof EngineDiskFullError) {
    return { type: "waiting", for: `space on the engine's disk: ${message}` };
  }
  if (isDiskFull(error)) return { type: "waiting", for: `space on Berth's disk: ${message}` };
  if (error instanceof StoreUnavailableError) return { type: "waiting", for: `the database: ${message}` };
  if (error instanceof ObjectStoreError) return { type: "waiting", for: `the object store: ${message}` };
  if (error instanceof SecretUnavailableError) {
    const { secret, reference, problem } = error;
    return { type: "waiting", for: `its secret ${secret} (${reference}): ${problem}.${consequence}` };
  }
  return { type: "failed", message: error instanceof BerthError ? message : `unexpected: ${message}` };
}
