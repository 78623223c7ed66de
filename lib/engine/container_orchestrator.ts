/**
 * The port to a container engine on one host. Names and types are Berth's own; the Docker Engine adapter
 * implements it with dockerode.
 *
 * Every call has a time limit and takes an `AbortSignal`. Every call rejects with `EngineUnavailableError` if the engine
 * does not answer: a call that fails never looks like an empty answer.
 *
 * @module
 */

import type { ContainerSpec } from "./container_spec.ts";

/** Options of every call. */
export interface EngineCallOptions {
  /** Cancels the call; the promise rejects with the signal's reason. The engine may still finish what it has begun. */
  readonly signal?: AbortSignal;
}

/** Description of an engine. */
export interface EngineInfo {
  /** The engine's id. Engines of one host may share it, and so do copies of a host. */
  readonly id: string;
  /** Absolute path of its data on its host: no other engine of that host has the same. */
  readonly dataDir: string;
  /** Name of its host. */
  readonly hostName: string;
  /** Version of the engine, for example `28.2.2`. */
  readonly version: string;
  /** Version of its API, for example `1.41`. */
  readonly apiVersion: string;
  /** Operating system and architecture of its host, for example `linux/amd64`. */
  readonly platform: string;
  /** Memory of its host in bytes. */
  readonly memoryBytes: number;
  /** Processors of its host. */
  readonly cpus: number;
  /** Storage of the containers' layers, for example `overlay2 on extfs`. */
  readonly storage: string;
  /** Settings of bots that its kernel does not enforce, for example `cpus`: control groups are missing. */
  readonly unenforced: readonly string[];
}

/**
 * Returns the identity of an engine's host, which stays the same when the host restarts. A copy of the whole host has
 * the same identity.
 *
 * @param info Description of the engine.
 */
export function hostIdOf({ hostName, id, dataDir }: EngineInfo): string {
  return `${hostName}/${id}${dataDir}`;
}

/**
 * State of a container. `lost` means that its host is gone, so the exit code is unknown. An exited container stays
 * exited until it is removed: Berth never restarts a container in place.
 */
export type ContainerPhase = "pending" | "starting" | "running" | "exited" | "lost";

/** Description of one container. */
export interface ContainerInfo {
  /** The engine's id. */
  readonly id: string;
  /** Its name, without the engine's leading slash. */
  readonly name: string;
  /** Reference of its image. */
  readonly image: string;
  /** Its labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** State of the container. */
  readonly phase: ContainerPhase;
  /** Exit code once it is `exited`: 128 + n for signal n. */
  readonly exitCode?: number;
  /** Whether the kernel killed it at its memory limit. Only from `getStatus`. */
  readonly oomKilled?: boolean;
  /** Memory limit in bytes. Only from `getStatus`. */
  readonly memoryBytes?: number;
  /** Whether it is paused (`docker pause`): its phase is `running`, but it does nothing. */
  readonly isPaused?: boolean;
  /** Why it is in this phase, if the engine says so. */
  readonly reason?: string;
  /** When it was created. */
  readonly createdAt: Date;
  /** When it was started. Only from `getStatus`. */
  readonly startedAt?: Date;
  /** When it exited. Only from `getStatus`. */
  readonly finishedAt?: Date;
  /** Id of the node that it is on; only on a cluster, and absent until it is placed. */
  readonly nodeId?: string;
  /** Name of that node's host. */
  readonly nodeName?: string;
}

/** Resource usage of a running container. */
export interface ContainerUsage {
  /** When it was measured, by the engine's clock. */
  readonly time: Date;
  /** Processor time since the start of the container, in seconds, summed over all processors. */
  readonly cpuSeconds: number;
  /** Memory in bytes, without the part of the page cache that the kernel can drop at once. */
  readonly memoryBytes: number;
  /** Memory limit in bytes; without a limit of its own, that of the host. */
  readonly memoryLimitBytes?: number;
  /** Number of processes and threads. */
  readonly processes?: number;
}

/** An image on an engine. */
export interface ImageInfo {
  /** The engine's id: a digest of its configuration. */
  readonly id: string;
  /** Operating system and architecture, for example `linux/amd64`. */
  readonly platform: string;
  /** Names with the digests under which registries have it; empty if it was built or loaded on the engine's host. */
  readonly digests: readonly string[];
  /** Its own entrypoint and command; empty if it has none. */
  readonly command: readonly string[];
}

/** An image in a registry. */
export interface RegistryImage {
  /** Digest that its tag stands for now. */
  readonly digest: string;
  /** Operating systems and architectures that it is for; empty if the registry does not say. */
  readonly platforms: readonly string[];
}

/** One step of a pull. */
export interface PullProgress {
  /** Layer that the step is about; absent for the whole image. */
  readonly layer?: string;
  /** Name of the step, for example `Downloading`. */
  readonly status: string;
  /** Progress of the step in bytes, if known. */
  readonly currentBytes?: number;
  /** Size of the step in bytes, if known. */
  readonly totalBytes?: number;
}

/** Options of {@linkcode ContainerOrchestrator.createAndStart}. */
export interface CreateAndStartOptions extends EngineCallOptions {
  /** Called immediately before the start, once the container is created. An error that it throws cancels the start. */
  readonly beforeStart?: () => void;
  /**
   * Tar stream that is unpacked into the container before its start, over what its image has there. It does not get into
   * the mounts. @default {nothing}
   */
  readonly content?: AsyncIterable<Uint8Array>;
}

/** Options of {@linkcode ContainerOrchestrator.pullImage}. */
export interface PullImageOptions extends EngineCallOptions {
  /** Called for each step. */
  readonly onProgress?: (progress: PullProgress) => void;
}

/** One line that a container printed. */
export interface LogLine {
  /** When the engine received it: RFC 3339 in UTC with nanoseconds, as the engine wrote it. */
  readonly time: string;
  /** Stream that it was printed on. */
  readonly stream: "stdout" | "stderr";
  /** The line without its line end. Invalid UTF-8 becomes U+FFFD. */
  readonly text: string;
}

/**
 * One entry of a container's log as the engine keeps it: a line, or a part of a line that is longer than the engine's
 * buffer.
 */
export interface LogEntry {
  /**
   * When the engine received it: RFC 3339 in UTC with nine digits of a fraction, for example
   * `2026-01-31T12:34:56.123456789Z`. The parts of a line may share one time.
   */
  readonly time: string;
  /** Stream that it was printed on. */
  readonly stream: "stdout" | "stderr";
  /** Bytes of the line. Ends with a line feed if the line ends here. May share memory with other entries. */
  readonly content: Uint8Array;
}

/** Part of the output of a container, cut at any byte. */
export interface OutputPiece {
  /** Stream that it was printed on. */
  readonly stream: "stdout" | "stderr";
  /** Bytes of the output. May share memory with other pieces. */
  readonly content: Uint8Array;
}

/** Options of {@linkcode ContainerOrchestrator.readLog}. */
export interface ReadLogOptions extends EngineCallOptions {
  /** Number of last entries to read. @default {all} */
  readonly tail?: number;
  /** Time of the first entry to read: RFC 3339, or a Date. @default {the beginning} */
  readonly since?: string | Date;
  /** Whether to keep reading until the container exits or the signal aborts. @default {false} */
  readonly follow?: boolean;
}

/** Options of {@linkcode ContainerOrchestrator.getLogs}. `tail` also counts the parts of a long line. */
export type GetLogsOptions = ReadLogOptions;

/** Options of {@linkcode ContainerOrchestrator.stop}. */
export interface StopOptions extends EngineCallOptions {
  /** Time between SIGTERM and SIGKILL, in seconds. */
  readonly graceSeconds: number;
}

/** Result of stopping a container. */
export interface StopOutcome {
  /** `stopped`: ended after SIGTERM. `killed`: needed SIGKILL after the grace period. `already-exited`: did not run. */
  readonly how: "stopped" | "killed" | "already-exited";
  /** Exit code. */
  readonly exitCode: number;
}

/** Result of a container that ran to its end. */
export interface RunOutcome {
  /** The engine's id. */
  readonly id: string;
  /** Exit code: 128 + n for signal n. */
  readonly exitCode: number;
  /** Whether the kernel killed it at its memory limit. */
  readonly oomKilled: boolean;
  /** Time from start to exit in ms, by the engine's clock. */
  readonly durationMs: number;
}

/** Options of {@linkcode ContainerOrchestrator.runCommand}. */
export interface RunCommandOptions extends EngineCallOptions {
  /** Program and arguments. */
  readonly command: readonly string[];
  /** Environment variables besides the container's. @default {none} */
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take from its first output on, in ms. */
  readonly timeoutMs: number;
  /** How much it may print, in bytes. */
  readonly maxOutputBytes: number;
}

/** Outcome of a command in a container. */
export interface CommandOutcome {
  /**
   * `exited`: it ended. `timed-out` and `flooded`: it took too long, or printed too much. It then still runs: an engine
   * has no call to end it.
   */
  readonly end: "exited" | "timed-out" | "flooded";
  /** Exit code, if it ended. */
  readonly exitCode?: number;
  /** Its output on both streams, up to the limit. */
  readonly output: string;
}

/** Options of {@linkcode ContainerOrchestrator.copyFromContainer}. */
export interface CopyFromContainerOptions extends EngineCallOptions {
  /** Size of the largest file to read, in bytes. */
  readonly maxBytes: number;
}

/** Options of {@linkcode ContainerOrchestrator.listContainers}. */
export interface ListContainersOptions extends EngineCallOptions {
  /** Labels that the containers must have, with these values. @default {none} */
  readonly labels?: Readonly<Record<string, string>>;
}

/** An event of a container. It is only a hint: events may be lost or arrive twice. */
export interface ContainerEvent {
  /** The engine's id of the container. */
  readonly containerId: string;
  /** Name of the event, for example `start`, `die` or `destroy`. */
  readonly action: string;
  /** Labels of the container. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Options of {@linkcode ContainerOrchestrator.watch}. */
export interface WatchOptions extends ListContainersOptions {
  /** Called once events arrive. List the containers then: earlier events are not reported. */
  readonly onOpen?: () => void;
}

/** A container engine on one host. */
export interface ContainerOrchestrator extends AsyncDisposable {
  /** Reads the version and the resources of the engine. */
  info(options?: EngineCallOptions): Promise<EngineInfo>;
  /** Whether an image is present. */
  hasImage(image: string, options?: EngineCallOptions): Promise<boolean>;
  /** Describes an image on the engine; `undefined` if it is not there. */
  inspectImage(image: string, options?: EngineCallOptions): Promise<ImageInfo | undefined>;
  /**
   * Asks the registry of an image what its tag stands for now, and pulls nothing. Rejects with `ImageUnavailableError` if
   * the registry does not have it, does not answer or refuses.
   */
  findInRegistry(image: string, options?: EngineCallOptions): Promise<RegistryImage>;
  /**
   * Makes sure that an image is present. Does not pull a present image again; concurrent calls share one pull. Rejects
   * with `ImageUnavailableError` if the registry does not have the image or does not answer.
   */
  pullImage(image: string, options?: PullImageOptions): Promise<void>;
  /**
   * Creates and starts a container. A start that fails leaves no container. Rejects with `ContainerConflictError` if the
   * name is taken, and with `ImageUnavailableError` if the image is not present.
   */
  createAndStart(spec: ContainerSpec, options?: CreateAndStartOptions): Promise<ContainerInfo>;
  /** Waits until a container exits. */
  wait(container: string, options?: EngineCallOptions): Promise<RunOutcome>;
  /** Creates and starts a container and waits until it exits. Keeps the container; a cancelled call removes it. */
  runAndWait(spec: ContainerSpec, options?: EngineCallOptions): Promise<RunOutcome>;
  /** Stops a container: SIGTERM, then SIGKILL after the grace period. Keeps the container. */
  stop(container: string, options: StopOptions): Promise<StopOutcome>;
  /** Renames a container. Rejects with `ContainerNotFoundError` if there is no such container. */
  rename(container: string, name: string, options?: EngineCallOptions): Promise<void>;
  /** Removes a container, running or not. Does nothing if there is no such container. */
  remove(container: string, options?: EngineCallOptions): Promise<void>;
  /** Removes volumes with these labels that no container uses, left by containers that were removed without them. */
  removeUnusedVolumes(labels: Readonly<Record<string, string>>, options?: EngineCallOptions): Promise<void>;
  /** Reads the output of a container line by line. Rejects with `ContainerNotFoundError` if there is no container. */
  getLogs(container: string, options?: GetLogsOptions): AsyncIterable<LogLine>;
  /**
   * Reads the entries of a container's log in batches, as they arrive. Without `follow`, reads exactly those that the
   * engine has at one moment, in the order of their arrival, however slow the reader is. With `follow`, an engine may
   * skip or repeat entries. Rejects with `ContainerNotFoundError` if there is no such container.
   */
  readLog(container: string, options?: ReadLogOptions): AsyncIterable<readonly LogEntry[]>;
  /**
   * Reads the output of a container from now on, in batches as it arrives, until the container exits or the signal
   * aborts. Applies back-pressure: while the caller does not read, a program that prints more than the buffers on the
   * way can hold blocks. Rejects with `ContainerNotFoundError` if there is no such container.
   */
  attach(container: string, options?: EngineCallOptions): AsyncIterable<readonly OutputPiece[]>;
  /**
   * Runs a command in a container that runs, as the container's user. The command should print something when it
   * starts: its time limit begins with that. Rejects with `ContainerNotFoundError` if there is no such container, and
   * with
   * `EngineError` if it does not run.
   */
  runCommand(container: string, options: RunCommandOptions): Promise<CommandOutcome>;
  /**
   * Reads one regular file from a container, running or not, through the engine. Does not follow links. Rejects with
   * `ContainerFileError` if the file is missing, larger than `maxBytes` or not a regular file.
   */
  copyFromContainer(container: string, path: string, options: CopyFromContainerOptions): Promise<Uint8Array>;
  /**
   * Reads a folder of a container, or one file, running or not, as a tar stream whose names begin with that of the
   * folder. Does not follow links. If a program changes files meanwhile, the stream may break off. Rejects with `ContainerFileError` if
   * it is missing.
   */
  readFolder(container: string, path: string, options?: EngineCallOptions): AsyncIterable<Uint8Array>;
  /** Reads the state of a container; `undefined` if there is no such container. */
  getStatus(container: string, options?: EngineCallOptions): Promise<ContainerInfo | undefined>;
  /** Lists containers in any phase, in one call to the engine. */
  listContainers(options?: ListContainersOptions): Promise<ContainerInfo[]>;
  /**
   * Measures what a container uses now, without waiting for a second measurement: a rate is the difference of two calls.
   *
   * @returns `undefined` if there is no such container, or if it does not run.
   */
  getUsage(container: string, options?: EngineCallOptions): Promise<ContainerUsage | undefined>;
  /**
   * Measures what each running container has written into its own layer, which is everything outside its mounts.
   *
   * @returns Bytes by the engine's id of the container. The engine reads the metadata of every file for it.
   */
  listLayers(options?: ListContainersOptions): Promise<ReadonlyMap<string, number>>;
  /**
   * Reports events of containers from now on. Rejects once the signal aborts or the connection breaks; list the
   * containers again then.
   */
  watch(options?: WatchOptions): AsyncIterable<ContainerEvent>;
}
