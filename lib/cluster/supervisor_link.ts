/**
 * The port to the supervisors of a cluster's containers: what they report, and what they are asked to do.
 *
 * @module
 */

import type {
  CommandOutcome,
  ContainerUsage,
  CopyFromContainerOptions,
  EngineCallOptions,
  RunCommandOptions,
} from "../engine/container_orchestrator.ts";

/** Where the state of a bot came from. */
export interface StartedState {
  /**
   * `kept`: the node had it. `restored`: from a snapshot. `empty`: there was none.
   */
  readonly from: "kept" | "restored" | "empty";
  /** Name of the snapshot that it was restored from. */
  readonly snapshot?: string;
  /** When that snapshot was made: whatever was written since is lost. RFC 3339 in UTC. */
  readonly snapshotAt?: string;
  /** Id of the request to restore that it followed; absent if there was none. */
  readonly restore?: string;
}

/** Where the newest state of a bot is. */
export interface NewestState {
  /** Name of the node. */
  readonly node: string;
  /** Order of the last start that had it. */
  readonly mark: string;
  /** Whether another node gets all of it: it was stored when that start ended, or another state takes its place. */
  readonly isStored: boolean;
}

/** How the program of a container ended. */
export interface SupervisedEnd {
  /**
   * `exited`: by itself. `stopped`: Berth, or the engine, asked for it. `fenced`: the lease could not be renewed.
   * `failed`: it could not be started.
   */
  readonly cause: "exited" | "stopped" | "fenced" | "failed";
  /** Exit code: 128 + n for signal n. The supervisor ends with the same one. */
  readonly exitCode: number;
  /** Whether the program had to be killed after its grace period. */
  readonly isKilled: boolean;
  /** Whether the kernel killed a process of the container at its memory limit. */
  readonly isOutOfMemory: boolean;
  /** The problem, in a sentence. */
  readonly message?: string;
  /** When it ended, by the clock of Berth: RFC 3339 in UTC. */
  readonly at: string;
}

/** The known facts about the supervisor of an order. */
export interface SupervisorSession {
  /** Id of the order. */
  readonly order: string;
  /** Id of the task of the cluster that runs it. */
  readonly task: string;
  /** When it took the order up, by the clock of Berth: RFC 3339 in UTC. */
  readonly begunAt: string;
  /** When its program was started: RFC 3339 in UTC. Absent while its code is fetched. */
  readonly startedAt?: string;
  /** Where its state came from; absent if it keeps none. */
  readonly state?: StartedState;
  /** Whether its secrets have other values by now. */
  readonly haveSecretsChanged?: boolean;
  /** How it ended; absent while it runs, and forever if it was lost with its node. */
  readonly end?: SupervisedEnd;
}

/**
 * Reaches the supervisors. Each calls any process of Berth every {@linkcode leaseTimes} `renewEveryMs`, and requests to
 * it wait for that call. Every method rejects with `StoreUnavailableError` if the database does not answer.
 */
export interface SupervisorLink {
  /**
   * Reads what is known about the supervisor of an order; `undefined` if none has taken it up. @param order Id of the
   * order.
   */
  session(order: string, options?: EngineCallOptions): Promise<SupervisorSession | undefined>;
  /**
   * Leaves the reason of a stop where the supervisor finds it when the engine asks it to end: its program can read it.
   *
   * @param order Id of the order.
   * @param reason Why, in Berth's words.
   */
  tellStop(order: string, reason: string, options?: EngineCallOptions): Promise<void>;
  /**
   * Says what a container uses, as its supervisor has last reported it.
   *
   * @param order Id of the order.
   * @returns `undefined` if no supervisor has taken it up, or it does not answer.
   */
  usage(order: string, options?: EngineCallOptions): Promise<ContainerUsage | undefined>;
  /**
   * Runs a command in a container, as `ContainerOrchestrator.runCommand` does on one host. Everything that the command
   * started is killed when its time is over.
   *
   * @param order Id of the order.
   * @param options The command and its limits.
   * @throws {ContainerNotFoundError} If no supervisor has taken the order up, or it has ended.
   * @throws {EngineUnavailableError} If the supervisor does not answer.
   */
  runCommand(order: string, options: RunCommandOptions): Promise<CommandOutcome>;
  /**
   * Has the supervisor make a snapshot of the state now, and store it.
   *
   * @param order Id of the order.
   * @returns Name of the snapshot.
   * @throws {ContainerNotFoundError} If no supervisor has taken the order up, or it has ended.
   * @throws {EngineUnavailableError} If the supervisor does not answer.
   * @throws {StateError} If the bot keeps no state, or it cannot be packed.
   */
  snapshot(order: string, options?: EngineCallOptions): Promise<string>;
  /**
   * Says where the newest state of a bot is.
   *
   * @param bot Id of the bot.
   * @returns `undefined` if it has none.
   */
  newestState(bot: string, options?: EngineCallOptions): Promise<NewestState | undefined>;
  /**
   * Reads the result of a program that has ended, with secrets hidden.
   *
   * @param order Id of the order.
   * @param options The largest size.
   * @throws {ContainerFileError} If it left none, or none that can be used.
   */
  result(order: string, options: CopyFromContainerOptions): Promise<Uint8Array>;
}
