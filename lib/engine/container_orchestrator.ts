/**
 * The port to a container engine on one host. Names and types are Berth's own; the Docker Engine adapter
 * implements it with dockerode.
 *
 * Every call has a time limit and takes an `AbortSignal`. Every call rejects with `EngineUnavailableError`
 * when the engine does not answer: a failed call is never read as "there are none".
 *
 * @module
 */

import type { ContainerSpec } from "./container_spec.ts";

/** Options of every call. */
export interface EngineCallOptions {
  /** Gives the call up; the promise rejects with the signal's reason. What the engine has begun may go on. */
  readonly signal?: AbortSignal;
}

/** What an engine says of itself. */
export interface EngineInfo {
  /** The engine's id. Engines of one host may share it, and so do copies of a host. */
  readonly id: string;
  /** Absolute path of its data on its host: no other engine of that host has the same. */
  readonly dataDir: string;
  /** Name of its host. */
  readonly hostName: string;
  /** Version of the engine, for example `28.2.2`. */
  readonly version: string;
  /** Version of its API that is spoken, for example `1.41`. */
  readonly apiVersion: string;
  /** Operating system and architecture of its host, for example `linux/amd64`. */
  readonly platform: string;
  /** Memory of its host in bytes. */
  readonly memoryBytes: number;
  /** Processors of its host. */
  readonly cpus: number;
}

/**
 * Where a container is in its life. `lost`: its host is gone, so the exit code is unknown.
 * An exit is final until somebody removes the container: Berth never restarts one in place.
 */
export type ContainerPhase = "pending" | "starting" | "running" | "exited" | "lost";

/** What the engine knows of one container. */
export interface ContainerInfo {
  /** The engine's id. */
  readonly id: string;
  /** Its name, without the engine's leading slash. */
  readonly name: string;
  /** Reference of its image. */
  readonly image: string;
  /** Its labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** Where it is in its life. */
  readonly phase: ContainerPhase;
  /** Exit code, once it is `exited`. 128 + n for signal n. */
  readonly exitCode?: number;
  /** True when the kernel killed it for using more than its memory limit. Only from `getStatus`. */
  readonly oomKilled?: boolean;
  /** Its memory limit in bytes. Only from `getStatus`. */
  readonly memoryBytes?: number;
  /** True while somebody has frozen it (`docker pause`): it is `running` and does nothing. */
  readonly isPaused?: boolean;
  /** Why it is in this phase, in the engine's words, where it says so. */
  readonly reason?: string;
  /** When it was created. */
  readonly createdAt: Date;
  /** When it was started. Only from `getStatus`. */
  readonly startedAt?: Date;
  /** When it exited. Only from `getStatus`. */
  readonly finishedAt?: Date;
}

/** One step of a pull. */
export interface PullProgress {
  /** The layer concerned; absent for a line about the whole image. */
  readonly layer?: string;
  /** The engine's words, for example `Downloading`. */
  readonly status: string;
  /** Bytes done of this step, where known. */
  readonly currentBytes?: number;
  /** Bytes in all of this step, where known. */
  readonly totalBytes?: number;
}

/** Options of {@linkcode ContainerOrchestrator.createAndStart}. */
export interface CreateAndStartOptions extends EngineCallOptions {
  /** Called between create and start, without a wait before the start. What it throws gives the start up. */
  readonly beforeStart?: () => void;
}

/** Options of {@linkcode ContainerOrchestrator.pullImage}. */
export interface PullImageOptions extends EngineCallOptions {
  /** Called for each step. */
  readonly onProgress?: (progress: PullProgress) => void;
}

/** One line that a container printed. */
export interface LogLine {
  /** When the engine received it: RFC 3339 with nanoseconds, UTC, as the engine wrote it. */
  readonly time: string;
  /** Which stream it was printed on. */
  readonly stream: "stdout" | "stderr";
  /** The line without its line end. Invalid UTF-8 becomes U+FFFD. */
  readonly text: string;
}

/**
 * One entry of a container's log as the engine keeps it: a line, or a piece of a line that is longer than the
 * engine's buffer.
 */
export interface LogEntry {
  /**
   * When the engine received it: RFC 3339 in UTC with nine digits of a fraction, for example
   * `2026-01-31T12:34:56.123456789Z`. The pieces of a line may share one.
   */
  readonly time: string;
  /** Which stream it was printed on. */
  readonly stream: "stdout" | "stderr";
  /** What was printed. Ends with a line feed if the line ends here. May share memory with other entries. */
  readonly content: Uint8Array;
}

/** A piece of what a container prints, cut anywhere. */
export interface OutputPiece {
  /** Which stream it was printed on. */
  readonly stream: "stdout" | "stderr";
  /** What was printed. May share memory with other pieces. */
  readonly content: Uint8Array;
}

/** Options of {@linkcode ContainerOrchestrator.readLog}. */
export interface ReadLogOptions extends EngineCallOptions {
  /** Only the last so many entries. @default all */
  readonly tail?: number;
  /** Only those at or after this time (RFC 3339, or a Date). @default all */
  readonly since?: string | Date;
  /** Go on until the container exits, or the signal is given. @default {false} */
  readonly follow?: boolean;
}

/** Options of {@linkcode ContainerOrchestrator.getLogs}. A `tail` counts the pieces of a long line, too. */
export type GetLogsOptions = ReadLogOptions;

/** Options of {@linkcode ContainerOrchestrator.stop}. */
export interface StopOptions extends EngineCallOptions {
  /** Seconds between SIGTERM and SIGKILL. */
  readonly graceSeconds: number;
}

/** How a container ended when it was told to stop. */
export interface StopOutcome {
  /** `stopped`: ended by itself after SIGTERM. `killed`: SIGKILL after the grace period. `already-exited`: was not running. */
  readonly how: "stopped" | "killed" | "already-exited";
  /** Its exit code. */
  readonly exitCode: number;
}

/** How a terminating container ended. */
export interface RunOutcome {
  /** The engine's id. */
  readonly id: string;
  /** Its exit code. 128 + n for signal n. */
  readonly exitCode: number;
  /** True when the kernel killed it for using more than its memory limit. */
  readonly oomKilled: boolean;
  /** From start to exit, in ms, by the engine's clock. */
  readonly durationMs: number;
}

/** Options of {@linkcode ContainerOrchestrator.copyFromContainer}. */
export interface CopyFromContainerOptions extends EngineCallOptions {
  /** Largest file accepted, in bytes. */
  readonly maxBytes: number;
}

/** Which containers to list. */
export interface ListContainersOptions extends EngineCallOptions {
  /** Only those that carry each of these labels with this value. */
  readonly labels?: Readonly<Record<string, string>>;
}

/** Something that happened to a container. A hint, no record: events may be lost or come twice. */
export interface ContainerEvent {
  /** The engine's id of the container. */
  readonly containerId: string;
  /** The engine's word for it, for example `start`, `die` or `destroy`. */
  readonly action: string;
  /** Labels of the container. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Options of {@linkcode ContainerOrchestrator.watch}. */
export interface WatchOptions extends ListContainersOptions {
  /** Called once events arrive: what happened before is only in a list that is read after it. */
  readonly onOpen?: () => void;
}

/** A container engine on one host. */
export interface ContainerOrchestrator extends AsyncDisposable {
  /** Asks the engine what it is. */
  info(options?: EngineCallOptions): Promise<EngineInfo>;
  /** Whether an image is present. */
  hasImage(image: string, options?: EngineCallOptions): Promise<boolean>;
  /**
   * Makes sure that an image is present: one that is there is not pulled again; two calls at once share one
   * pull. Rejects with `ImageUnavailableError` when the registry does not have it or does not answer.
   */
  pullImage(image: string, options?: PullImageOptions): Promise<void>;
  /**
   * Creates and starts a container. A start that fails leaves no container. Rejects with
   * `ContainerConflictError` when the name is taken, with `ImageUnavailableError` when the image is not there.
   */
  createAndStart(spec: ContainerSpec, options?: CreateAndStartOptions): Promise<ContainerInfo>;
  /** Waits until a container exits. */
  wait(container: string, options?: EngineCallOptions): Promise<RunOutcome>;
  /** {@linkcode createAndStart}, then {@linkcode wait}. The container stays until it is removed. When given up, it is removed. */
  runAndWait(spec: ContainerSpec, options?: EngineCallOptions): Promise<RunOutcome>;
  /** Stops a container: SIGTERM, then SIGKILL after the grace period. It stays until it is removed. */
  stop(container: string, options: StopOptions): Promise<StopOutcome>;
  /** Gives a container another name. Rejects with `ContainerNotFoundError` when there is none. */
  rename(container: string, name: string, options?: EngineCallOptions): Promise<void>;
  /** Removes a container, running or not; no error when there is none. */
  remove(container: string, options?: EngineCallOptions): Promise<void>;
  /** Removes volumes that carry each of these labels and that no container has: it was removed without them. */
  removeUnusedVolumes(labels: Readonly<Record<string, string>>, options?: EngineCallOptions): Promise<void>;
  /** What a container printed, line by line. Rejects with `ContainerNotFoundError` when there is none. */
  getLogs(container: string, options?: GetLogsOptions): AsyncIterable<LogLine>;
  /**
   * The entries of a container's log, as many at a time as come together. Without `follow` exactly those that
   * the engine has at one moment, in the order in which it got them, however slowly they are read. With it, it
   * depends on the engine what is left out or given twice. Rejects with `ContainerNotFoundError` when there is none.
   */
  readLog(container: string, options?: ReadLogOptions): AsyncIterable<readonly LogEntry[]>;
  /**
   * What a container prints from now on, as many pieces at a time as come together, until it exits or the signal
   * is given. While nobody asks for more, the container's output waits, whatever becomes of its log: a program
   * blocks that prints more than the little that is held on the way. Rejects with `ContainerNotFoundError` when
   * there is none.
   */
  attach(container: string, options?: EngineCallOptions): AsyncIterable<readonly OutputPiece[]>;
  /**
   * Reads one regular file out of a container, running or not, through the engine. Links are not followed.
   * Rejects with `ContainerFileError` when it is missing, larger than `maxBytes` or not a regular file.
   */
  copyFromContainer(container: string, path: string, options: CopyFromContainerOptions): Promise<Uint8Array>;
  /** What the engine knows of a container, or `undefined` when there is none. */
  getStatus(container: string, options?: EngineCallOptions): Promise<ContainerInfo | undefined>;
  /** Lists containers in any phase, in one call to the engine. */
  listContainers(options?: ListContainersOptions): Promise<ContainerInfo[]>;
  /**
   * Tells what happens to containers from now on, until the signal is given or the connection breaks; then
   * it rejects, and the list has to be read anew.
   */
  watch(options?: WatchOptions): AsyncIterable<ContainerEvent>;
}
