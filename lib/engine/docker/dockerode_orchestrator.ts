/**
 * {@linkcode ContainerOrchestrator} on a Docker Engine, through dockerode.
 *
 * @module
 */

// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import { CallScope } from "../../util/call_scope.ts";
import type {
  ContainerEvent,
  ContainerInfo,
  ContainerOrchestrator,
  CopyFromContainerOptions,
  CreateAndStartOptions,
  EngineCallOptions,
  EngineInfo,
  GetLogsOptions,
  ListContainersOptions,
  LogEntry,
  LogLine,
  OutputPiece,
  PullImageOptions,
  ReadLogOptions,
  RunOutcome,
  StopOptions,
  StopOutcome,
  WatchOptions,
} from "../container_orchestrator.ts";
import type { ContainerSpec } from "../container_spec.ts";
import {
  BerthError,
  ContainerFileError,
  EngineUnavailableError,
  ImageUnavailableError,
} from "../../errors.ts";
import { readLogLines } from "../read_log_lines.ts";
import { readTarFile, type TarFile } from "./tar_file.ts";
import { DockerodeClient, type EngineRequestOptions } from "./dockerode_client.ts";
import { fromInspection, fromListEntry } from "./dockerode_container_info.ts";
import { DockerodeContainers } from "./dockerode_containers.ts";
import { isInfo, isList, isVersion, storageOf } from "./dockerode_answers.ts";
import { expectShape, toRefusal } from "./dockerode_errors.ts";
import { DockerodeLogs } from "./dockerode_logs.ts";
import { DockerodePuller } from "./dockerode_pull.ts";
import { DockerodeStarter } from "./dockerode_starter.ts";
import { DEFAULT_TIME_LIMITS, type DockerodeTimeLimits } from "./dockerode_time_limits.ts";
import type { EngineTurnLimits } from "./dockerode_turns.ts";
import { DockerodeWaiter } from "./dockerode_waiter.ts";
import { watchContainers } from "./dockerode_watcher.ts";

/** 128 + 9. */
const SIGKILL_EXIT_CODE = 137;

/** Options of {@linkcode DockerodeOrchestrator}. */
export interface DockerodeOrchestratorOptions {
  /** Time limits that differ from the defaults. */
  readonly timeouts?: Partial<DockerodeTimeLimits>;
  /** How many calls go at once, where that differs from the defaults. */
  readonly turns?: Partial<EngineTurnLimits>;
  /** Milliseconds since 1970, never going back. @default {performance.timeOrigin + performance.now()} */
  readonly clock?: () => number;
  /** Makes unique ids. @default {crypto.randomUUID} */
  readonly newId?: () => string;
}

/**
 * Containers on a Docker Engine.
 *
 * Of the port's promises, these have details of their own: `createAndStart` tells of the container what was
 * asked for, without a further call, `createdAt` by this host's clock. A created container that was never
 * started is `pending`; `stop` calls it `already-exited`. `tail` of a log counts a line longer than 16 KiB
 * as several, as the engine does. A container with `autoRemove` tells no `oomKilled`.
 */
export class DockerodeOrchestrator implements ContainerOrchestrator {
  readonly #client: DockerodeClient;
  readonly #containers: DockerodeContainers;
  readonly #starter: DockerodeStarter;
  readonly #waiter: DockerodeWaiter;
  readonly #logs: DockerodeLogs;
  readonly #puller: DockerodePuller;
  readonly #limits: DockerodeTimeLimits;
  readonly #clock: () => number;
  readonly #closing = new AbortController();
  readonly #starts = new Set<Promise<unknown>>();

  /** @param docker The connection, see `connectDocker()`; closed with this. @param options Limits and the like. */
  constructor(docker: Docker, options: DockerodeOrchestratorOptions = {}) {
    this.#limits = { ...DEFAULT_TIME_LIMITS, ...options.timeouts };
    this.#clock = options.clock ?? (() => performance.timeOrigin + performance.now());
    this.#client = new DockerodeClient(docker, options.turns);
    this.#containers = new DockerodeContainers(this.#client);
    const newId = options.newId ?? (() => crypto.randomUUID());
    this.#starter = new DockerodeStarter(this.#containers, this.#limits, newId);
    this.#waiter = new DockerodeWaiter(this.#client, this.#containers, this.#limits, this.#clock);
    this.#logs = new DockerodeLogs(this.#client, this.#containers, this.#limits);
    this.#puller = new DockerodePuller(this.#client, this.#limits.pullStallMs);
  }

  async info(options: EngineCallOptions = {}): Promise<EngineInfo> {
    const what = "ask the engine for its version";
    const bounds = this.#bounds(options);
    const [version, info] = await Promise.all([
      this.#client.call({ what, method: "GET", path: "/version" }, bounds),
      this.#client.call({ what, method: "GET", path: "/info" }, bounds),
    ]);
    const { Version, ApiVersion, Os, Arch } = expectShape(what, version.value, isVersion);
    const { ID = "", Name = "", DockerRootDir = "", MemTotal, NCPU, ...rest } = expectShape(
      what,
      info.value,
      isInfo,
    );
    return {
      id: ID,
      dataDir: DockerRootDir,
      hostName: Name,
      version: Version,
      apiVersion: ApiVersion,
      platform: `${Os}/${Arch}`,
      memoryBytes: MemTotal,
      cpus: NCPU,
      storage: storageOf(rest),
    };
  }

  async hasImage(image: string, options: EngineCallOptions = {}): Promise<boolean> {
    const path = `/images/${image.split("/").map(encodeURIComponent).join("/")}/json`;
    const request = { what: `look for image '${image}'`, method: "GET", path, kind: "read" } as const;
    return (await this.#client.call(request, this.#bounds(options), [404])).status !== 404;
  }

  async pullImage(image: string, options: PullImageOptions = {}): Promise<void> {
    if (await this.hasImage(image, options)) return;
    await this.#puller.pull(image, options);
    if (await this.hasImage(image, options)) return;
    throw new ImageUnavailableError(
      image,
      `Cannot pull image '${image}': the engine ended the pull without an error, and the image is not there. ` +
        "Pull it with `docker pull` to see why.",
      { reason: "refused" },
    );
  }

  createAndStart(spec: ContainerSpec, options: CreateAndStartOptions = {}): Promise<ContainerInfo> {
    return this.#startTracked(options, async (signal) => {
      const createdAt = new Date(this.#clock());
      const id = await this.#starter.create(spec, signal);
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

  async stop(container: string, options: StopOptions): Promise<StopOutcome> {
    const what = `stop container '${container}'`;
    return await this.#client.noticeHang(what, options.signal, this.#stop(what, container, options));
  }

  async #stop(what: string, container: string, options: StopOptions): Promise<StopOutcome> {
    const graceSeconds = Math.ceil(options.graceSeconds);
    using scope = this.#client.scope(what, this.#bounds(options));
    // Asked before: of a container that the engine removes at its exit, nothing else tells the exit code.
    const exit = await this.#containers.openWait(container, "not-running", scope);
    // The stop has a limit of its own, which begins with its turn.
    scope.endLimit();
    const limitMs = graceSeconds * 1000 + this.#limits.stopMarginMs;
    const { signal } = scope;
    const { wasRunning, tookMs } = await this.#client.turns.take("stop", what, signal, async () => {
      const askedAt = this.#clock();
      const wasRunning = await this.#containers.stop(container, graceSeconds, { signal, limitMs });
      return { wasRunning, tookMs: this.#clock() - askedAt };
    });
    scope.restartLimit();
    const exitCode = await exit();
    scope.complete();
    if (!wasRunning) return { how: "already-exited", exitCode };
    // A kernel that is out of memory kills the same way: only then is it asked which it was.
    const mayBeKilled = exitCode === SIGKILL_EXIT_CODE && tookMs >= graceSeconds * 1000;
    const isKilled = mayBeKilled &&
      !(await this.#containers.inspect(container, { signal }))?.State.OOMKilled;
    return { how: isKilled ? "killed" : "stopped", exitCode };
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
    const bounds = this.#bounds(options);
    const label = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
    const query = { filters: JSON.stringify({ dangling: ["true"], label }) };
    // The engine's own prune leaves volumes with options alone.
    const list = { what: "list unused volumes", method: "GET", path: "/volumes", query } as const;
    const { Volumes } = (await this.#client.call(list, bounds)).value as {
      Volumes: { Name: string }[] | null;
    };
    for (const { Name } of Volumes ?? []) {
      const path = `/volumes/${encodeURIComponent(Name)}`;
      const request = { what: `remove volume '${Name}'`, method: "DELETE", path } as const;
      // 409: a container has it after all.
      await this.#client.call(request, bounds, [404, 409]);
    }
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

  async copyFromContainer(
    container: string,
    path: string,
    options: CopyFromContainerOptions,
  ): Promise<Uint8Array> {
    const where = `'${path}' in container '${container}'`;
    using scope = this.#client.scope(`read ${where}`, this.#bounds(options));
    try {
      const archive = await this.#containers.openArchive(container, path, scope);
      const file = archive && await readTarFile(archive, options);
      if (file?.kind === "file") return file.bytes;
      throw toFileError(where, file, options.maxBytes);
    } catch (error) {
      throw scope.reasonFor(
        error instanceof BerthError ? error : toRefusal(`read ${where}`, 200, String(error)),
      );
    }
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

  /** Gives up every call, removes what unfinished starts have created, and closes the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new EngineUnavailableError(`The connection to ${this.#client.address} was closed.`));
    await Promise.allSettled(this.#starts);
    this.#client.close();
  }

  /** A start is given up when this is closed, and closing waits until it has cleaned up. */
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

  /** Runs a container that the engine removes at its exit: the wait must be there before the start. */
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

function toFileError(
  where: string,
  file: Exclude<TarFile, { kind: "file" }> | undefined,
  maxBytes: number,
): Error {
  if (file?.kind === "too-large") {
    const message = `Cannot read ${where}: it has ${file.size} bytes, ${maxBytes} are the limit.`;
    return new ContainerFileError("too-large", message);
  }
  if (file?.kind === "not-a-file") {
    return new ContainerFileError(
      "not-a-file",
      `Cannot read ${where}: it is no regular file but a ${file.type}.`,
    );
  }
  return new ContainerFileError("missing", `Cannot read ${where}: there is no such file.`);
}
