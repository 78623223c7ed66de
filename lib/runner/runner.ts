/**
 * The port through which the services reach containers. {@linkcode DockerRunner} implements it for one host.
 *
 * @module
 */

import type { ContainerOwner } from "./container_ownership.ts";
import type { ContainerPhase, GetLogsOptions, LogLine } from "../engine/container_orchestrator.ts";
import type { Executable } from "../executable/executable.ts";
import type { ExecutionResult, RunningResult } from "./execution_result.ts";
import type { ContainerKind } from "../engine/labels.ts";
import type { ReadLogsOptions } from "../logs/log_reader.ts";
import type { StoredLogLine } from "../logs/line_format.ts";
import type { CollectedResult } from "./result_store.ts";

export type { ContainerKind };

/** Options of every call. */
export interface RunnerCallOptions {
  /** Gives the call up; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode Runner.prepare}. */
export interface PrepareOptions extends RunnerCallOptions {
  /** Container that runs until then: when it ends, what only makes the next start faster is given up. */
  readonly replaces?: string;
}

/** Options of {@linkcode Runner.startContainer}. */
export interface StartContainerOptions extends RunnerCallOptions {
  /** How many starts in a row this is. Kept on the container, so that it survives a restart of Berth. @default {1} */
  readonly attempt?: number;
  /** Seconds between two writes of its stored log. @default {the configured ones} */
  readonly logIntervalSeconds?: number;
  /** Makes it one run of a schedule: the slot is part of the container's name. */
  readonly slot?: string;
  /** When that run was due: the program finds it in `SLOT`, for example `2026-01-31T09:00:00Z`. */
  readonly slotTime?: Date;
  /**
   * Called when the container is made and before it is started, without a wait in between. An error that it throws
   * gives the start up: for a caller whose right to start may have ended meanwhile.
   */
  readonly beforeStart?: () => void;
  /** Whether to wait for the end of a program that ends. @default {true unless the executable is long-running} */
  readonly wait?: boolean;
  /** Called for each line while it is waited for. */
  readonly onLine?: (line: LogLine) => void;
  /** Called once it runs. */
  readonly onStarted?: (containerId: string) => void;
}

/** Options of {@linkcode Runner.findContainers}. */
export interface FindContainersOptions extends RunnerCallOptions {
  /** Only these runs of a schedule. @default all */
  readonly slots?: readonly string[];
  /** Only those of this segment. @default {ALL_SEGMENTS} */
  readonly segment?: number;
}

/** Options of {@linkcode Runner.listManagedContainers}. */
export interface ListManagedContainersOptions extends RunnerCallOptions {
  /** Only those that are for this. @default all */
  readonly kind?: ContainerKind;
}

/** Options of {@linkcode Runner.removeOrphans}. */
export interface RemoveOrphansOptions extends RunnerCallOptions {
  /**
   * Only what was made for these: another process of the same instance may start the others at this moment.
   *
   * @default all
   */
  readonly kinds?: readonly ContainerKind[];
}

/** Options of {@linkcode Runner.removeContainer}. */
export interface RemoveContainerOptions extends RunnerCallOptions {
  /**
   * Whether the next container of the bot must not wait for the last lines of this one: when they cannot be stored soon,
   * this one stays under another name until they are. A bounded number of containers is kept so.
   *
   * @default {false}
   */
  readonly makeRoom?: boolean;
}

/** Options of {@linkcode Runner.stopContainer}. */
export interface StopContainerOptions extends RemoveContainerOptions {
  /** Seconds between SIGTERM and SIGKILL. @default {the configured ones} */
  readonly graceSeconds?: number;
  /** Leave container and folder, for {@linkcode Runner.removeContainer} later. @default {false} */
  readonly keep?: boolean;
  /** How many of its last lines are read for `output`; 0 saves the engine the reading. @default {10_000} */
  readonly tail?: number;
}

/** How a container was stopped. */
export interface StopResult {
  /** `stopped`: it ended by itself after SIGTERM. `killed`: it did not within the grace period. */
  readonly how: "stopped" | "killed" | "already-exited";
  /** Its exit code. */
  readonly exitCode: number;
  /** The last lines that it printed, at most `tail` of them and 1 MiB. */
  readonly output: string;
}

/** What a program that has ended has left. */
export interface CollectedRun {
  /** Its exit code. */
  readonly exitCode: number;
  /** When it was started, by the engine's clock. */
  readonly startedAt: Date;
  /** When it ended, by the engine's clock. */
  readonly finishedAt: Date;
  /** Why it ended, in one line; absent with exit code 0. */
  readonly message?: string;
  /** Its result, and where that is kept. */
  readonly result: Omit<CollectedResult, "bytes">;
}

/** A container of this instance. */
export interface ManagedContainer {
  /** Id of the bot. */
  readonly id: string;
  /** The engine's id. */
  readonly containerId: string;
  /** Its name. */
  readonly containerName: string;
  /** Reference of its image. */
  readonly image: string;
  /** What it is for. */
  readonly kind: ContainerKind;
  /** Which run of a schedule it is. */
  readonly slot?: string;
  /** Hash of everything that shapes it. */
  readonly specHash: string;
  /** How many starts in a row there were, this one included. */
  readonly attempt: number;
  /** Partition that it belongs to. */
  readonly segment: number;
  /** Identity of the document store that it comes from; absent where an earlier version or a library made it. */
  readonly store?: string;
  /** Set when it comes from another document store than the runner's: it is shown, and never touched. */
  readonly isForeign?: true;
  /** Where it is in its life. */
  readonly phase: ContainerPhase;
  /** Exit code, once it is `exited`. */
  readonly exitCode?: number;
  /** Whether the kernel killed it for its memory. Only from {@linkcode Runner.getContainerStatus}. */
  readonly oomKilled?: boolean;
  /** Its memory limit in bytes. Only from {@linkcode Runner.getContainerStatus}. */
  readonly memoryBytes?: number;
  /** True while somebody has frozen it (`docker pause`): it is `running` and does nothing. */
  readonly isPaused?: boolean;
  /** Why it is in this phase, in the engine's words. */
  readonly reason?: string;
  /** Whether files of its code were removed from under it, as cleaners of temporary files do. @default {false} */
  readonly isCodeLost?: boolean;
  /** When it was created. */
  readonly createdAt: Date;
  /** When it was started. Only from {@linkcode Runner.getContainerStatus}. */
  readonly startedAt?: Date;
  /** When it exited. Only from {@linkcode Runner.getContainerStatus}. */
  readonly finishedAt?: Date;
}

/** A container of this instance has ended, is gone, was paused or goes on. A hint: it may be lost or come twice. */
export interface ContainerHint {
  /** Id of the bot. */
  readonly id: string;
  /** What the container is for. */
  readonly kind: ContainerKind;
  /** The engine's id of the container, where it says so. */
  readonly containerId?: string;
}

/** Options of {@linkcode Runner.watch}. */
export interface WatchContainersOptions extends RunnerCallOptions {
  /** Called once hints arrive: what happened before is only in a list that is read after it. */
  readonly onOpen?: () => void;
}

/** Segment that means all of them. */
export const ALL_SEGMENTS: number = -1;

/** Starts, lists and stops the containers of one instance. A failed call is never read as "there are none". */
export interface Runner extends AsyncDisposable {
  /** The hash that a container of this executable carries: another one means that it has to be replaced. */
  specHash(executable: Executable): string;
  /**
   * Does ahead of a start what takes long: brings image and code near, checked and extracted. Starts nothing, and need
   * not be called: code that has changed until the start is fetched by that. Rejects as the start would.
   */
  prepare(executable: Executable, options?: PrepareOptions): Promise<void>;
  /**
   * Makes sure that a container runs. The same again is a no-op; one of the same name with another hash, or
   * one that has exited, is reported with `ContainerConflictError` and left alone. A start that fails at any
   * step leaves neither container nor folder.
   */
  startContainer(
    executable: Executable,
    options: StartContainerOptions & { readonly wait: false },
  ): Promise<RunningResult>;
  /** The same; one that terminates is waited for, unless it is said otherwise. */
  startContainer(executable: Executable, options?: StartContainerOptions): Promise<ExecutionResult>;
  /**
   * Reads what a program has left that has ended: exit code, times, and its result, which is kept. The same again is
   * harmless. The container stays. Rejects with `ContainerNotFoundError` when there is none.
   */
  collect(container: string, options?: RunnerCallOptions): Promise<CollectedRun>;
  /**
   * Stops a container, stores and reads its last lines, then removes it with its folder. Rejects with
   * `LogsNotSavedError` when they cannot be stored: it has exited then, and stays. About one that this runner has told of
   * nothing is asked again.
   */
  stopContainer(container: string | ManagedContainer, options?: StopContainerOptions): Promise<StopResult>;
  /**
   * Removes a container, running or not, with its folder; no error when there is none. Where its log is stored,
   * rejects as {@linkcode stopContainer} does.
   */
  removeContainer(container: string, options?: RemoveContainerOptions): Promise<void>;
  /**
   * What of a bot waits for the object store: containers that made room for the next one. They are removed once their
   * lines are stored, and are in no list.
   *
   * @returns One sentence; `undefined` when nothing waits.
   */
  waitingLogs(id: string): string | undefined;
  /** What is known of a container, or `undefined` when there is none of this instance. */
  getContainerStatus(container: string, options?: RunnerCallOptions): Promise<ManagedContainer | undefined>;
  /**
   * Finds the containers of an id by their labels, whatever their names are now, with the times of their start
   * and end.
   */
  findContainers(
    kind: ContainerKind,
    id: string,
    options?: FindContainersOptions,
  ): Promise<ManagedContainer[]>;
  /** Tells which containers have ended or are gone, until the signal is given or the engine goes; then it rejects. */
  watch(options?: WatchContainersOptions): AsyncIterable<ContainerHint>;
  /**
   * Lists the containers of one segment, or of {@linkcode ALL_SEGMENTS}, in any phase: this instance's, and with a store
   * the store's bots that carry the name of another instance. Where logs are stored, those of all that are listed and
   * not foreign are, from where it was left.
   */
  listManagedContainers(segment: number, options?: ListManagedContainersOptions): Promise<ManagedContainer[]>;
  /** What a container printed, line by line. */
  getContainerLogs(container: string, options?: GetLogsOptions): AsyncIterable<LogLine>;
  /**
   * The log of a bot: what is stored, then what is not stored yet, then, followed, what is printed from now on, also
   * by its later containers. Without a gap and without a repeat. Throws `InvalidBotIdError` for what is no id.
   */
  readLogs(id: string, options?: ReadLogsOptions): AsyncIterable<StoredLogLine>;
  /** Removes what a killed process left: workspaces that no container names. */
  removeOrphans(options?: RemoveOrphansOptions): Promise<string[]>;
  /**
   * Names the document store that containers are started for from now on. They carry its identity, and containers of
   * another store are never touched. Without it, every container of the instance is the runner's own.
   */
  setOwner(owner: ContainerOwner): void;
  /**
   * Identifies the host whose containers the runner sees, also after its next start: the host's name, the engine's id,
   * and the folder of its data. A copy of the whole host has the same.
   */
  hostId(options?: RunnerCallOptions): Promise<string>;
  /** Gives up the starts that are under way, then frees what the runner holds. Bots go on running. */
  close(): Promise<void>;
}
