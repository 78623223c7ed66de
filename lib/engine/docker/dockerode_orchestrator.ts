/**
 * Implements {@linkcode ContainerOrchestrator} on a Docker Engine, through dockerode.
 *
 * @module
 */

// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import { CallScope } from "../../util/call_scope.ts";
import type {
  CommandOutcome,
  ContainerEvent,
  ContainerInfo,
  ContainerOrchestrator,
  ContainerUsage,
  CopyFromContainerOptions,
  CreateAndStartOptions,
  EngineCallOptions,
  EngineInfo,
  GetLogsOptions,
  ImageInfo,
  ListContainersOptions,
  LogEntry,
  LogLine,
  OutputPiece,
  PullImageOptions,
  ReadLogOptions,
  RegistryImage,
  RunCommandOptions,
  RunOutcome,
  StopOptions,
  StopOutcome,
  WatchOptions,
} from "../container_orchestrator.ts";
import type { ContainerSpec } from "../container_spec.ts";
import { EngineUnavailableError } from "../../errors.ts";
import { readLogLines } from "../read_log_lines.ts";
import { DockerodeClient, type EngineRequestOptions, type OnEngineCall } from "./dockerode_client.ts";
import { fromInspection, fromListEntry } from "./dockerode_container_info.ts";
import { runCommand } from "./dockerode_commands.ts";
import { DockerodeContainers } from "./dockerode_containers.ts";
import { isList } from "./dockerode_answers.ts";
import { expectShape } from "./dockerode_errors.ts";
import { readContainerFile, readContainerFolder } from "./dockerode_files.ts";
import { DockerodeImages } from "./dockerode_images.ts";
import { DockerodeLogs } from "./dockerode_logs.ts";
import { DockerodeStarter } from "./dockerode_starter.ts";
import { DockerodeStopper } from "./dockerode_stopper.ts";
import { DEFAULT_TIME_LIMITS, type DockerodeTimeLimits } from "./dockerode_time_limits.ts";
import type { EngineTurnLimits } from "./dockerode_turns.ts";
import { type FindLogin, loginsOf } from "./registry_credentials.ts";
import { usageOf } from "./dockerode_usage.ts";
import { removeUnusedVolumes } from "./dockerode_volumes.ts";
import { DockerodeWaiter } from "./dockerode_waiter.ts";
import { watchContainers } from "./dockerode_watcher.ts";
import { readEngineInfo } from "./read_engine_info.ts";

/** Options of {@linkcode DockerodeOrchestrator}. */
export interface DockerodeOrchestratorOptions {
  /** Time limits that differ from the defaults. */
  readonly timeouts?: Partial<DockerodeTimeLimits>;
  /** Limits on concurrent calls that differ from the defaults. */
  readonly turns?: Partial<EngineTurnLimits>;
  /** Monotonic clock, in ms since 1970. @default {performance.timeOrigin + performance.now()} */
  readonly clock?: () => number;
  /** Makes unique ids. @default {crypto.randomUUID} */
  readonly newId?: () => string;
  /** Called when a call has ended. @default {nothing is called} */
  readonly onCall?: OnEngineCall;
  /** Finds the credentials of registries. @default {there are none} */
  readonly logins?: FindLogin;
}

/**
 * Containers on a Docker Engine.
 *
 * Notes on how it meets the port: `createAndStart` returns the requested specification without an extra call, with
 * `createdAt` by this host's clock. A container that was created but never started is `pending`, and `stop` calls it
 * `already-exited`. `tail` of a log counts a line longer than 16 KiB as several, as the engine does. The result of a
 * container with `autoRemove` never has `oomKilled` set.
 */
export class DockerodeOrchestrator implements ContainerOrchestrator {
  readonly #client: DockerodeClient;
  readonly #containers: DockerodeContainers;
  readonly #starter: DockerodeStarter;
  readonly #stopper: DockerodeStopper;
  readonly #waiter: DockerodeWaiter;
  readonly #logs: DockerodeLogs;
  readonly #images: DockerodeImages;
  readonly #limits: DockerodeTimeLimits;
  readonly #clock: () => number;
  readonly #closing = new AbortController();
  readonly #starts = new Set<Promise<unknown>>();

  /**
   * @param docker The connection, see `connectDocker()`. Closed with this object.
   * @param options See {@linkcode DockerodeOrchestratorOptions}.
   */
  constructor(docker: Docker, options: DockerodeOrchestratorOptions = {}) {
    this.#limits = { ...DEFAULT_TIME_LIMITS, ...options.timeouts };
    this.#clock = options.clock ?? (() => performance.timeOrigin + performance.now());
    this.#client = new DockerodeClient(docker, options.turns, options.onCall);
    this.#containers = new DockerodeContainers(this.#client);
    const newId = options.newId ?? (() => crypto.randomUUID());
    this.#starter = new DockerodeStarter(this.#containers, this.#limits, newId, () => this.info());
    this.#stopper = new DockerodeStopper(this.#client, this.#containers, this.#limits, this.#clock);
    this.#waiter = new DockerodeWaiter(this.#client, this.#containers, this.#limits, this.#clock);
    this.#logs = new DockerodeLogs(this.#client, this.#containers, this.#limits);
    this.#images = new DockerodeImages(this.#client, this.#limits, options.logins ?? loginsOf(undefined));
  }

  async info(options: EngineCallOptions = {}): Promise<EngineInfo> {
    const info = await readEngineInfo(this.#client, this.#bounds(options));
    this.#starter.quota.learn(info.storage);
    return info;
  }

  async hasImage(image: string, options: EngineCallOptions = {}): Promise<boolean> {
    return await this.#images.has(image, options);
  }

  async inspectImage(image: string, options: EngineCallOptions = {}): Promise<ImageInfo | undefined> {
    return await this.#images.inspect(image, options);
  }

  async findInRegistry(image: string, options: EngineCallOptions = {}): Promise<RegistryImage> {
    return await this.#images.findInRegistry(image, options);
  }

  async pullImage(image: string, options: PullImageOptions = {}): Promise<void> {
    await this.#images.pull(image, options);
  }

  createAndStart(spec: ContainerSpec, options: CreateAndStartOptions = {}): Promise<ContainerInfo> {
    return this.#startTracked(options, async (signal) => {
      const createdAt = new Date(this.#clock());
      const id = await this.#starter.create(spec, signal);
      if (options.content) await this.#starter.fill(id, spec.name, options.content, signal);
      try {
        options.beforeStart?.();
      } catch (error) {
        await this.#starter.discard(id);
        throw error;
      }
      await this.#starter.start(id, spec.name, signal);
      return {
        id,
        name: spec.name,
        image: spec.image,
        labels: { ...spec.labels },
        phase: "running",
        createdAt,
      };
    });
  }

  wait(container: string, options: EngineCallOptions = {}): Promise<RunOutcome> {
    return this.#waiter.wait(container, options.signal);
  }

  runAndWait(spec: ContainerSpec, options: EngineCallOptions = {}): Promise<RunOutcome> {
    return this.#startTracked(options, async (signal) => {
      const id = await this.#starter.create(spec, signal);
      try {
        if (spec.autoRemove) return await this.#runUnkept(id, spec.name, signal);
        await this.#starter.start(id, spec.name, signal);
        return await this.#waiter.wait(id, signal);
      } catch (error) {
        await this.#starter.discard(id);
        throw error;
      }
    });
  }

  stop(container: string, options: StopOptions): Promise<StopOutcome> {
    return this.#stopper.stop(container, options);
  }

  async rename(container: string, name: string, options: EngineCallOptions = {}): Promise<void> {
    await this.#containers.rename(container, name, this.#bounds(options));
  }

  async remove(container: string, options: EngineCallOptions = {}): Promise<void> {
    await this.#containers.remove(container, this.#bounds(options));
  }

  async removeUnusedVolumes(
    labels: Readonly<Record<string, string>>,
    options: EngineCallOptions = {},
  ): Promise<void> {
    await removeUnusedVolumes(this.#client, labels, this.#bounds(options));
  }

  getLogs(container: string, options: GetLogsOptions = {}): AsyncIterable<LogLine> {
    return readLogLines(this, container, options);
  }

  readLog(container: string, options: ReadLogOptions = {}): AsyncIterable<readonly LogEntry[]> {
    return this.#logs.readEntries(container, options);
  }

  attach(container: string, options: EngineCallOptions = {}): AsyncIterable<readonly OutputPiece[]> {
    return this.#logs.attach(container, options);
  }

  async runCommand(container: string, options: RunCommandOptions): Promise<CommandOutcome> {
    return await runCommand(this.#client, container, options, this.#limits.callMs);
  }

  async copyFromContainer(
    container: string,
    path: string,
    options: CopyFromContainerOptions,
  ): Promise<Uint8Array> {
    return await readContainerFile(this.#client, this.#containers, container, path, {
      ...this.#bounds(options),
      maxBytes: options.maxBytes,
    });
  }

  readFolder(
    container: string,
    path: string,
    options: EngineCallOptions = {},
  ): AsyncIterable<Uint8Array> {
    return readContainerFolder(this.#client, this.#containers, container, path, this.#bounds(options));
  }

  async getStatus(container: string, options: EngineCallOptions = {}): Promise<ContainerInfo | undefined> {
    const found = await this.#containers.inspect(container, this.#bounds(options));
    return found && fromInspection(found);
  }

  async listContainers(options: ListContainersOptions = {}): Promise<ContainerInfo[]> {
    const what = "list containers";
    const label = Object.entries(options.labels ?? {}).map(([name, value]) => `${name}=${value}`);
    const query = { all: 1, filters: JSON.stringify({ label }) };
    const request = { what, method: "GET", path: "/containers/json", query, kind: "read" } as const;
    const { value } = await this.#client.call(request, this.#bounds(options));
    return expectShape(what, value, isList).map(fromListEntry);
  }

  async getUsage(container: string, options: EngineCallOptions = {}): Promise<ContainerUsage | undefined> {
    return usageOf(await this.#containers.stats(container, this.#bounds(options)));
  }

  async listLayers(options: ListContainersOptions = {}): Promise<ReadonlyMap<string, number>> {
    const what = "measure the layers of containers";
    const label = Object.entries(options.labels ?? {}).map(([name, value]) => `${name}=${value}`);
    const query = { size: 1, filters: JSON.stringify({ label, status: ["running"] }) };
    const request = { what, method: "GET", path: "/containers/json", query } as const;
    const { signal } = options;
    const { value } = await this.#client.call(request, { signal, limitMs: this.#limits.sizesMs });
    return new Map(expectShape(what, value, isList).map(sizeOf));
  }

  watch(options: WatchOptions = {}): AsyncIterable<ContainerEvent> {
    return watchContainers(this.#client, options);
  }

  /** Cancels every call, removes the containers of unfinished starts, and closes the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new EngineUnavailableError(`The connection to ${this.#client.address} was closed.`));
    await Promise.allSettled(this.#starts);
    this.#client.close();
  }

  /** Tracks a start: closing cancels it, and waits until it has cleaned up. */
  async #startTracked<T>(options: EngineCallOptions, start: (signal: AbortSignal) => Promise<T>): Promise<T> {
    using scope = new CallScope({ what: "start", signals: [options.signal, this.#closing.signal] });
    const started = start(scope.signal);
    this.#starts.add(started);
    try {
      return await started;
    } finally {
      this.#starts.delete(started);
    }
  }

  /** Runs a container that the engine removes at its exit, so the wait must begin before the start. */
  async #runUnkept(id: string, name: string, signal: AbortSignal): Promise<RunOutcome> {
    using scope = this.#client.scope(`run container '${name}'`, { signal });
    const exit = await this.#containers.openWait(id, "next-exit", scope);
    const startedAt = this.#clock();
    await this.#starter.start(id, name, signal);
    const exitCode = await exit();
    return { id, exitCode, oomKilled: false, durationMs: Math.round(this.#clock() - startedAt) };
  }

  #bounds({ signal }: EngineCallOptions): EngineRequestOptions {
    return { signal, limitMs: this.#limits.callMs };
  }
}

/** With `size=1` an entry of the list has the bytes of its layer; the typings do not say so. */
function sizeOf(entry: Docker.ContainerInfo & { readonly SizeRw?: number }): [id: string, bytes: number] {
  return [entry.Id, entry.SizeRw ?? 0];
}
