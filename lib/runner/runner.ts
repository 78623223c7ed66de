/**
 * The port through which the services reach containers. `DockerRunner` implements it for one host.
 *
 * @module
 */

import type { ContainerOwner } from "./container_ownership.ts";
import type {
  CommandOutcome,
  ContainerPhase,
  ContainerUsage,
  GetLogsOptions,
  LogLine,
} from "../engine/container_orchestrator.ts";
import type { Executable } from "../executable/executable.ts";
import type { BuildDependenciesOptions, BuiltDependencies } from "../dependencies/dependencies.ts";
import type { ExecutionResult, RunningResult } from "./execution_result.ts";
import type { ContainerKind } from "../engine/labels.ts";
import type { DiskUse } from "./disk_use.ts";
import type { FollowLinesOptions } from "../logs/line_follower.ts";
import type { ReadLogsOptions } from "../logs/log_reader.ts";
import type { PlacedLogLine } from "../logs/log_position.ts";
import type { HeadlineMetric } from "../logs/headline_metric.ts";
import type { BotMetrics, Metric } from "../logs/metric_series.ts";
import type { ResolvedImage } from "./image_resolver.ts";
import type { CollectedResult } from "./result_store.ts";
import type { RunnerNodes } from "./runner_nodes.ts";

export type { BuildDependenciesOptions, BuiltDependencies, ContainerKind, ContainerUsage, ResolvedImage };

/** Options of every call. */
export interface RunnerCallOptions {
  /** Cancels the call; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode Runner.prepare}. */
export interface PrepareOptions extends RunnerCallOptions {
  /** Container that the start will replace. Once it ends, work that only makes the start faster is cancelled. */
  readonly replaces?: string;
  /** Whether a run of it is due within seconds: its files are put in place, too, where they are on this host. @default {false} */
  readonly isDue?: boolean;
}

/** Options of {@linkcode Runner.startContainer}. */
export interface StartContainerOptions extends RunnerCallOptions {
  /** Number of starts in a row, this one included; a label keeps it across restarts of Berth. @default {1} */
  readonly attempt?: number;
  /** Interval between two writes of the stored log, in seconds. @default {the configured one} */
  readonly logIntervalSeconds?: number;
  /** Slot of a schedule's run, or id of a queued backtest: it becomes part of the container's name. */
  readonly slot?: string;
  /** When the run was due. The program reads it from `SLOT`, for example `2026-01-31T09:00:00Z`. */
  readonly slotTime?: Date;
  /**
   * How often each account that the program holds was taken, in the order of its document: the program reads it from
   * `ACCOUNT_EPOCH` and `ACCOUNT_EPOCHS`. @default {it holds none}
   */
  readonly accountEpochs?: Readonly<Record<string, number>>;
  /** How a copy on a cluster reacts when it cannot renew its lease. @default {"strict"} */
  readonly leaseMode?: "strict" | "relaxed";
  /**
   * Time between SIGTERM and SIGKILL, in seconds, where a container has it from its start: on a cluster.
   *
   * @default {the configured one}
   */
  readonly stopGraceSeconds?: number;
  /**
   * Called immediately before the start, once the container is created. An error that it throws cancels the start: a
   * caller can check here whether it may still start the bot.
   */
  readonly beforeStart?: () => void;
  /** Whether to wait until the program ends. @default {true unless the executable is long-running} */
  readonly wait?: boolean;
  /** Called for each line that the program prints while the call waits. */
  readonly onLine?: (line: LogLine) => void;
  /** Called once the container runs. */
  readonly onStarted?: (containerId: string) => void;
}

/** Options of {@linkcode Runner.findContainers}. */
export interface FindContainersOptions extends RunnerCallOptions {
  /** Slots of the runs to find. @default {all} */
  readonly slots?: readonly string[];
  /** Segment of the containers to find. @default {ALL_SEGMENTS} */
  readonly segment?: number;
}

/** Options of {@linkcode Runner.listManagedContainers}. */
export interface ListManagedContainersOptions extends RunnerCallOptions {
  /** Kind of the containers to list. @default {all} */
  readonly kind?: ContainerKind;
}

/** Options of {@linkcode Runner.removeOrphans}. */
export interface RemoveOrphansOptions extends RunnerCallOptions {
  /**
   * Kinds of the leftovers to remove. Another process of the same instance may be starting containers of other kinds.
   *
   * @default {all}
   */
  readonly kinds?: readonly LeftoverKind[];
}

/** Kind of a leftover of a killed process: that of a container, or a build of dependencies. */
export type LeftoverKind = ContainerKind | "build";

/** Options of {@linkcode Runner.removeContainer}. */
export interface RemoveContainerOptions extends RunnerCallOptions {
  /**
   * Whether to free the name of the container at once. If its last lines cannot be stored soon, the container is renamed
   * and removed later. The number of containers that wait like this is limited.
   *
   * @default {false}
   */
  readonly makeRoom?: boolean;
}

/** Options of {@linkcode Runner.stopContainer}. */
export interface StopContainerOptions extends RemoveContainerOptions {
  /** Time between SIGTERM and SIGKILL, in seconds. @default {the configured one} */
  readonly graceSeconds?: number;
  /** Whether to keep container and folder for a later {@linkcode Runner.removeContainer}. @default {false} */
  readonly keep?: boolean;
  /** Why it is stopped, in a word or a few: the program can read it, and Berth's wrappers hand it to `on_stop`. */
  readonly reason?: string;
  /** Number of last lines to return as `output`; 0 reads none. @default {10_000} */
  readonly tail?: number;
}

/** Result of stopping a container. */
export interface StopResult {
  /** `stopped`: the program ended after SIGTERM. `killed`: it did not end within the grace period. */
  readonly how: "stopped" | "killed" | "already-exited";
  /** Exit code of the container. */
  readonly exitCode: number;
  /** The last lines that it printed: at most `tail` lines and 1 MiB. */
  readonly output: string;
}

/** Exit code, times and result of a program that has ended. */
export interface CollectedRun {
  /** Exit code of the container; absent if it was never started, or nobody knows. `message` says why. */
  readonly exitCode?: number;
  /** When it was started, by the engine's clock. */
  readonly startedAt: Date;
  /** When it ended, by the engine's clock. */
  readonly finishedAt: Date;
  /** Why it ended, in one line; absent if it ended by itself with exit code 0. */
  readonly message?: string;
  /** Whether it left a usable result, and where the result is stored. */
  readonly result: Omit<CollectedResult, "bytes">;
}

/** A container that the runner manages, or shows because it has the runner's instance name. */
export interface ManagedContainer {
  /** Id of the bot. */
  readonly id: string;
  /** The engine's id. */
  readonly containerId: string;
  /** Its name. */
  readonly containerName: string;
  /** Reference of its image. */
  readonly image: string;
  /** Whether it runs a bot, a scheduled run or a backtest. */
  readonly kind: ContainerKind;
  /** Slot of a scheduled run, or id of a queued backtest. */
  readonly slot?: string;
  /** Hash of everything that shapes the container. */
  readonly specHash: string;
  /** Hashes of the parts of that; absent if an earlier version of Berth started it. See {@linkcode Runner.specParts}. */
  readonly specParts?: string;
  /** Number of starts in a row, this one included. */
  readonly attempt: number;
  /** Segment that it belongs to. */
  readonly segment: number;
  /** Identity of its document store; absent if an earlier version of Berth or a program without a store started it. */
  readonly store?: string;
  /** Set if it belongs to another document store than the runner's: the runner shows it and never touches it. */
  readonly isForeign?: true;
  /** State of the container. */
  readonly phase: ContainerPhase;
  /** Exit code, once it is `exited`. */
  readonly exitCode?: number;
  /** Whether the kernel killed it at its memory limit. Only from {@linkcode Runner.getContainerStatus}. */
  readonly oomKilled?: boolean;
  /** Memory limit in bytes. Only from {@linkcode Runner.getContainerStatus}. */
  readonly memoryBytes?: number;
  /** Whether it is `lost` and has certainly ended, so that another one may start. @default {false} */
  readonly isGone?: boolean;
  /** Time until it has certainly ended, if it is `lost` and does not come back, in ms; absent if unknown. */
  readonly goneInMs?: number;
  /** Disk use, if it was stopped for writing too much. */
  readonly diskUse?: DiskUse;
  /** Whether it is paused (`docker pause`): its phase is `running`, but it does nothing. */
  readonly isPaused?: boolean;
  /** Why it is in this phase, as the engine puts it. */
  readonly reason?: string;
  /** Whether files of its code are missing, for example after a cleaner of temporary files ran. @default {false} */
  readonly isCodeLost?: boolean;
  /** Whether it has other secrets than a new container would get, so that it has to be replaced. @default {false} */
  readonly haveSecretsChanged?: boolean;
  /** When it was created. */
  readonly createdAt: Date;
  /** When it was started. Only from {@linkcode Runner.getContainerStatus}. */
  readonly startedAt?: Date;
  /** When it exited. Only from {@linkcode Runner.getContainerStatus}. */
  readonly finishedAt?: Date;
  /** Name of the node that it is on; only on a cluster, and absent until it is placed. */
  readonly nodeName?: string;
}

/** A container has ended, was removed, paused or resumed. Only a hint: it may be lost or arrive twice. */
export interface ContainerHint {
  /** Id of the bot. */
  readonly id: string;
  /** Whether the container runs a bot, a scheduled run or a backtest. */
  readonly kind: ContainerKind;
  /** The engine's id of the container, if the engine says so. */
  readonly containerId?: string;
}

/** Options of {@linkcode Runner.watch}. */
export interface WatchContainersOptions extends RunnerCallOptions {
  /** Called once hints arrive. List the containers then: earlier changes are not reported. */
  readonly onOpen?: () => void;
}

/** Options of {@linkcode Runner.runCommand}. */
export interface RunBoundedCommandOptions extends RunnerCallOptions {
  /** How long the command may take, in ms. */
  readonly timeoutMs: number;
}

/** Lines of a container as they are printed. */
export interface FollowedLines {
  /** Resolves when the container has ended and all of its lines are given, or after {@linkcode close}; never rejects. */
  readonly done: Promise<void>;
  /**
   * Makes sure that every line that the engine has now is given. Rejects with what keeps it from being read, or with an
   * `AbortError` if the lines are no longer followed.
   */
  sync(): Promise<void>;
  /** Stops following. */
  close(): Promise<void>;
}

/** Stands for the containers of all segments. */
export const ALL_SEGMENTS: number = -1;

/** The ways in which runners differ. Callers ask these, and never which runner it is. */
export interface RunnerCapabilities {
  /**
   * Whether its containers run on several hosts. Then no lock on one host tells who serves them, and a container whose
   * host is gone is `lost`: it may be started again elsewhere.
   */
  readonly spansHosts: boolean;
}

/** Starts, lists and stops the containers of one instance. A call that fails never looks like an empty answer. */
export interface Runner extends AsyncDisposable {
  /** The ways in which it differs from other runners. */
  readonly capabilities: RunnerCapabilities;
  /** The nodes that its containers run on; absent if there is only one host. */
  readonly nodes?: RunnerNodes;
  /** Hashes everything that shapes the container of an executable. A container with another hash must be replaced. */
  specHash(executable: Executable): string;
  /** Hashes the parts of the same, each by itself, so that `describeChange()` can tell what has changed. */
  specParts(executable: Executable): string;
  /**
   * Pulls the image and fetches, checks and extracts the code, to shorten the next start. Optional:
   * {@linkcode startContainer} fetches whatever is missing or has changed. Rejects as the start would.
   */
  prepare(executable: Executable, options?: PrepareOptions): Promise<void>;
  /**
   * Removes the files that {@linkcode prepare} has put in place for a run that was due, and that will not come. Otherwise
   * {@linkcode close} removes them, or the next {@linkcode prepare} or {@linkcode removeOrphans} after five minutes.
   *
   * @param id Id of the executable.
   */
  discardPrepared(id: string): Promise<void>;
  /**
   * Builds what the code of an executable needs, unless that is already done: libraries that it names, and scripts in
   * TypeScript. The result belongs in `Executable.dependencies`; a start builds nothing. Rejects with
   * `DependencyError` if the description of the libraries cannot be used or a build fails.
   */
  buildDependencies(executable: Executable, options?: BuildDependenciesOptions): Promise<BuiltDependencies>;
  /**
   * Fetches, checks and extracts the code, and checks that a program in it can run here. Rejects with
   * `InvalidArchiveError` as a start would.
   */
  checkCode(executable: Executable, options?: RunnerCallOptions): Promise<void>;
  /** Returns the image that a start of an executable uses. */
  imageOf(executable: Executable): string;
  /**
   * Finds out which image a tag stands for now, without pulling it. Rejects with `ImageUnavailableError` if there is no
   * such image, or none for the engine's platform.
   */
  resolveImage(image: string, options?: RunnerCallOptions): Promise<ResolvedImage>;
  /**
   * Asks the registry whether it has another image by now.
   *
   * @param image The image as people name it.
   * @param runs The image that runs; absent for the one on the engine.
   * @returns The digest of the other one; `undefined` if there is none.
   */
  newerImage(image: string, runs?: string, options?: RunnerCallOptions): Promise<string | undefined>;
  /** Operating system and architecture of the programs that run here, for example `linux/amd64`. */
  platform(options?: RunnerCallOptions): Promise<string>;
  /**
   * Makes sure that a container runs. Does nothing if the same container already runs. Rejects with
   * `ContainerConflictError` if a container of this name has another hash or has exited, and leaves that container
   * alone. A start that fails leaves neither a container nor a folder.
   */
  startContainer(
    executable: Executable,
    options: StartContainerOptions & { readonly wait: false },
  ): Promise<RunningResult>;
  /** Does the same, and by default waits for the end of an executable that is not long-running. */
  startContainer(executable: Executable, options?: StartContainerOptions): Promise<ExecutionResult>;
  /**
   * Reads exit code and times of a program that has ended, and stores its result. May be repeated. Keeps the container.
   * Rejects with `ContainerNotFoundError` if there is no such container.
   */
  collect(container: string, options?: RunnerCallOptions): Promise<CollectedRun>;
  /**
   * Stops a container, stores its last lines, then removes it and its folder. Rejects with `LogsNotSavedError` if the
   * lines cannot be stored; the container has exited but is kept. Pass a `ManagedContainer` from this runner to save
   * the lookup.
   */
  stopContainer(container: string | ManagedContainer, options?: StopContainerOptions): Promise<StopResult>;
  /**
   * Removes a container, running or not, and its folder. Does nothing if there is no such container. Rejects with
   * `LogsNotSavedError` as {@linkcode stopContainer} does.
   */
  removeContainer(container: string, options?: RemoveContainerOptions): Promise<void>;
  /**
   * Says which containers of a bot wait for the object store. They were renamed to make room for the next container,
   * are not listed, and are removed once their lines are stored.
   *
   * @returns One sentence; `undefined` if no container waits.
   */
  waitingLogs(id: string): string | undefined;
  /** Reads the state of a container; `undefined` if this instance has no such container. */
  getContainerStatus(container: string, options?: RunnerCallOptions): Promise<ManagedContainer | undefined>;
  /**
   * Finds the containers of a bot by their labels, even if they were renamed. The answer has the times of start and end.
   */
  findContainers(
    kind: ContainerKind,
    id: string,
    options?: FindContainersOptions,
  ): Promise<ManagedContainer[]>;
  /**
   * Measures what a container of {@linkcode listManagedContainers} uses now.
   *
   * @returns `undefined` if it does not run any more.
   */
  getUsage(container: ManagedContainer, options?: RunnerCallOptions): Promise<ContainerUsage | undefined>;
  /**
   * Reports containers that have ended or were removed. Rejects once the signal aborts or the engine stops answering.
   */
  watch(options?: WatchContainersOptions): AsyncIterable<ContainerHint>;
  /**
   * Lists the containers of one segment, or of {@linkcode ALL_SEGMENTS}, in any phase: those of this instance and, if the
   * runner has a document store, the store's bots that another instance started. Changes nothing.
   */
  listManagedContainers(segment: number, options?: ListManagedContainersOptions): Promise<ManagedContainer[]>;
  /**
   * Looks after containers that an earlier process may have started: if the runner stores logs, it resumes storing those
   * of all containers that are not foreign, and removes exited ones that waited for it. Call it again and again.
   *
   * @returns The same as {@linkcode listManagedContainers}.
   */
  superviseContainers(segment: number, options?: ListManagedContainersOptions): Promise<ManagedContainer[]>;
  /** Reads the output of a container line by line. */
  getContainerLogs(container: string, options?: GetLogsOptions): AsyncIterable<LogLine>;
  /**
   * Reads the log of a bot: the stored lines, then those not stored yet and, with `follow`, those printed from now on,
   * also by later containers of the bot. No line is missing or repeated. Throws `InvalidBotIdError` if the id is invalid.
   */
  readLogs(id: string, options?: ReadLogsOptions): AsyncIterable<PlacedLogLine>;
  /**
   * Gives the lines of a container as they are printed, until it ends: each once, also across broken connections. Every
   * follower costs a connection to the engine.
   */
  followLines(container: ManagedContainer, options: FollowLinesOptions): FollowedLines;
  /**
   * Runs a command in a container as its user, in the folder of its code; the container needs a POSIX shell. Everything
   * that the command started is killed at its end, when its time is over, and when it has printed more than 64 KiB.
   * Rejects with
   * `EngineError` if the container does not run or is paused, and with `ContainerNotFoundError` if there is none.
   */
  runCommand(
    container: ManagedContainer,
    command: readonly string[],
    options: RunBoundedCommandOptions,
  ): Promise<CommandOutcome>;
  /** Returns the metrics that a bot has printed since this process began; empty if the runner does not store logs. */
  metricsOf(id: string): BotMetrics;
  /** Forgets the metrics of a bot that is gone. */
  forgetMetrics(id: string): void;
  /** Returns the last `count` values of the one metric that a list shows of a bot; `undefined` if it printed none. */
  headlineOf(id: string, count: number): HeadlineMetric | undefined;
  /** Returns the last metric of one type, without a copy, or `undefined`. Do not change it. */
  latestMetric(id: string, type: string): Metric | undefined;
  /** Removes what a killed process left behind: containers that never started, and workspaces without a container. */
  removeOrphans(options?: RemoveOrphansOptions): Promise<string[]>;
  /**
   * Sets the document store of this runner. Containers that it starts carry the identity of the store, and the runner
   * never touches containers of another store. Without a store, it manages every container of its instance.
   */
  setOwner(owner: ContainerOwner): void;
  /**
   * Identifies the host whose containers the runner sees, also after its next start: the host's name, the engine's id,
   * and the folder of its data. A copy of the whole host has the same.
   */
  hostId(options?: RunnerCallOptions): Promise<string>;
  /** Cancels starts in progress and releases all resources. Bots keep running. */
  close(): Promise<void>;
}
