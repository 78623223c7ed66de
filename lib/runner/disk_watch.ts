/**
 * Stops containers that write too much to disk.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import { getLogger } from "@logtape/logtape";
import type { Workspaces } from "../code/workspaces.ts";
import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import { messageOf } from "../errors.ts";
import { type FreeSpace, freeSpaceAt } from "../util/free_space.ts";
import type { TreeSize } from "../util/measure_tree.ts";
import type { MeasureTree } from "./engine_meter.ts";
import { isMeasurementDue } from "./disk_pace.ts";
import { describeDiskUse, type DiskUse } from "./disk_use.ts";

/** Options of a {@linkcode DiskWatch}. */
export interface DiskWatchOptions {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "listLayers" | "stop">;
  /** Labels of the containers to watch. */
  readonly labels: Readonly<Record<string, string>>;
  /** Folders of the containers. */
  readonly workspaces: Pick<Workspaces, "path">;
  /** A folder on the file system of the workspaces. */
  readonly tempDir: string;
  /** Disk limit of a container without one of its own, in bytes. @default {it is not watched} */
  readonly limitBytes?: number;
  /** Measures and limits what containers keep in their states. @default {no container keeps a state} */
  readonly states?: StateMeter;
  /** Measures a folder. */
  readonly measure: MeasureTree;
  /** Time between SIGTERM and SIGKILL, in seconds; at most {@linkcode MAX_GRACE_SECONDS}. */
  readonly graceSeconds: number;
  /** Called before a container is stopped. */
  readonly onStop?: (containerId: string) => void;
}

/** Measures the states of bots. */
export interface StateMeter {
  /** Returns the limit of a container's state in bytes; `undefined` if it keeps none. */
  limitOf(container: ContainerInfo): number | undefined;
  /** Measures the state of a bot. @param id Id of the bot. */
  measure(id: string, maxBytes: number, signal: AbortSignal): Promise<TreeSize>;
  /** Called before a bot is stopped because of its state. */
  reportOver(id: string, bytes: number): Promise<void>;
}

/** Longest grace period of a bot that fills the disk, in seconds. */
export const MAX_GRACE_SECONDS = 30;
/** How often the free space is read, in ms. */
const POLL_INTERVAL_MS = 5_000;
/** Number of stopped containers to remember. */
const MAX_STOPPED = 1000;

/**
 * Measures what those containers of one instance that have a limit have written to their views of the code, to their own layers and to their
 * states. Stops a container that exceeds its limit, as an operator would, and keeps it. Has a timer while there are containers to watch.
 */
export class DiskWatch implements AsyncDisposable {
  readonly #options: DiskWatchOptions;
  readonly #watched = new Map<string, ContainerInfo>();
  readonly #stopped = new Map<string, DiskUse>();
  readonly #stops = new Map<string, Promise<void>>();
  readonly #closing = new AbortController();
  readonly #log = getLogger(["berth", "runner"]);
  #running: Promise<void> | undefined;
  /** Largest free space since the last measurement. */
  #most: FreeSpace | undefined;
  #measuredAt = performance.now();
  #costMs = 0;
  /** Whether the log already says that the free space cannot be read. */
  #isBlind = false;

  /**
   * Creates the watch; nothing is measured yet.
   *
   * @param options See {@linkcode DiskWatchOptions}.
   */
  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /**
   * Watches containers from now on, until they end.
   *
   * @param containers Containers, in any phase and of any instance.
   */
  watch(containers: readonly ContainerInfo[]): void {
    const { labels, states } = this.#options;
    const wanted = Object.entries(labels);
    for (const container of containers) {
      const isOwn = wanted.every(([label, value]) => container.labels[label] === value);
      const isLimited = this.#limitOf(container) !== undefined || states?.limitOf(container) !== undefined;
      if (isOwn && isLimited && container.phase === "running") this.#watched.set(container.id, container);
    }
    if (this.#watched.size > 0 && !this.#closing.signal.aborted) this.#running ??= this.#run();
  }

  /**
   * Returns why a container was stopped.
   *
   * @param containerId The engine's id of the container.
   * @returns `undefined` if this watch has not stopped it.
   */
  useOf(containerId: string): DiskUse | undefined {
    return this.#stopped.get(containerId);
  }

  /**
   * Measures the containers now, and stops those that exceed their limit.
   */
  async measure(signal: AbortSignal): Promise<void> {
    const { orchestrator, labels } = this.#options;
    // The list lacks containers that start while it is made.
    const watched = [...this.#watched.values()];
    const began = performance.now();
    const layers = await orchestrator.listLayers({ labels, signal }).catch((error) => {
      signal.throwIfAborted();
      this.#log.debug("layers of containers not measured", { problem: messageOf(error) });
      return undefined;
    });
    let costMs = performance.now() - began;
    for (const container of watched) {
      const layerBytes = layers?.get(container.id) ?? 0;
      const hasEnded = layers !== undefined && !layers.has(container.id);
      if (hasEnded) {
        this.#watched.delete(container.id);
        continue;
      }
      const found = [
        await this.#measureView(container, layerBytes, signal),
        await this.#measureState(container, signal),
      ];
      for (const { use, busyMs } of found.filter((each) => each !== undefined)) {
        costMs += busyMs;
        if (use.bytes > use.limitBytes) this.#stop(container, use);
      }
    }
    this.#costMs = costMs;
    this.#measuredAt = performance.now();
    this.#most = undefined;
  }

  async #measureView(
    container: ContainerInfo,
    layerBytes: number,
    signal: AbortSignal,
  ): Promise<{ readonly use: DiskUse; readonly busyMs: number } | undefined> {
    const { workspaces, measure } = this.#options;
    const limit = this.#limitOf(container);
    if (limit === undefined) return undefined;
    const { limitBytes } = limit;
    const folder = container.labels[LABEL.folder];
    const view: TreeSize = folder
      ? await measure(`${workspaces.path(folder)}/view`, { enoughBytes: 2 * limitBytes, signal })
      : { bytes: 0, busyMs: 0 };
    const { largest } = view;
    const use = { bytes: view.bytes + layerBytes, layerBytes, ...limit, ...(largest && { largest }) };
    return { use, busyMs: view.busyMs };
  }

  async #measureState(
    container: ContainerInfo,
    signal: AbortSignal,
  ): Promise<{ readonly use: DiskUse; readonly busyMs: number } | undefined> {
    const { states } = this.#options;
    const limitBytes = states?.limitOf(container);
    if (!states || limitBytes === undefined) return undefined;
    const { bytes, largest, busyMs } = await states.measure(container.labels[LABEL.id]!, limitBytes, signal);
    return { use: { bytes, layerBytes: 0, limitBytes, isState: true, ...(largest && { largest }) }, busyMs };
  }

  /** Ends the watch. Containers keep running. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new DOMException("The watch was ended", "AbortError"));
    await this.#running;
    await Promise.all(this.#stops.values());
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    try {
      while (this.#watched.size > 0) {
        await delay(POLL_INTERVAL_MS, undefined, { signal, ref: false });
        if (await this.#isDue()) await this.measure(signal);
      }
    } catch (error) {
      if (!signal.aborted) this.#log.warn("containers not measured", { problem: messageOf(error) });
    } finally {
      this.#running = undefined;
    }
  }

  async #isDue(): Promise<boolean> {
    const free = await this.#freeSpace();
    this.#most = free && {
      bytes: Math.max(free.bytes, this.#most?.bytes ?? 0),
      inodes: Math.max(free.inodes, this.#most?.inodes ?? 0),
    };
    return isMeasurementDue({
      forMs: performance.now() - this.#measuredAt,
      costMs: this.#costMs,
      takenBytes: free ? this.#most!.bytes - free.bytes : 0,
      takenInodes: free ? this.#most!.inodes - free.inodes : 0,
    }, this.#smallestLimit());
  }

  #smallestLimit(): number {
    const limits = [...this.#watched.values()].flatMap((container) => [
      this.#limitOf(container)?.limitBytes ?? Infinity,
      this.#options.states?.limitOf(container) ?? Infinity,
    ]);
    return Math.min(...limits);
  }

  #limitOf({ labels }: ContainerInfo): Pick<DiskUse, "limitBytes" | "isOwnLimit"> | undefined {
    const own = Number(labels[LABEL.diskLimit]);
    if (own > 0) return { limitBytes: own, isOwnLimit: true };
    const { limitBytes } = this.#options;
    return limitBytes === undefined ? undefined : { limitBytes };
  }

  /** Reads the free space; `undefined` if the file system does not tell, or Deno does not allow it (`--allow-sys=statfs`). */
  async #freeSpace(): Promise<FreeSpace | undefined> {
    const { tempDir } = this.#options;
    try {
      return await freeSpaceAt(tempDir);
    } catch (error) {
      if (!this.#isBlind) {
        this.#log.warn("free space is not watched: bots that write fast are stopped up to a minute late", {
          folder: tempDir,
          problem: messageOf(error),
        });
      }
      this.#isBlind = true;
      return undefined;
    }
  }

  #stop(container: ContainerInfo, use: DiskUse): void {
    const { orchestrator, onStop, graceSeconds, states } = this.#options;
    const { id, name } = container;
    if (this.#stops.has(id)) return;
    this.#remember(id, use);
    const bot = container.labels[LABEL.id];
    this.#log.warn("container writes too much to disk and is stopped", {
      id: bot,
      container: name,
      problem: `It ${describeDiskUse(use)}.`,
    });
    onStop?.(id);
    const options = {
      graceSeconds: Math.min(graceSeconds, MAX_GRACE_SECONDS),
      signal: this.#closing.signal,
    };
    const reported = use.isState ? states!.reportOver(bot!, use.bytes) : Promise.resolve();
    const stop = reported.then(() => orchestrator.stop(id, options)).then(
      () => void this.#watched.delete(id),
      // The container is still watched, and the next measurement tries again.
      (error) => this.#log.warn("container not stopped yet", { container: name, problem: messageOf(error) }),
    ).finally(() => this.#stops.delete(id));
    this.#stops.set(id, stop);
  }

  #remember(id: string, use: DiskUse): void {
    this.#stopped.set(id, use);
    const [oldest] = this.#stopped.keys();
    if (this.#stopped.size > MAX_STOPPED) this.#stopped.delete(oldest!);
  }
}
