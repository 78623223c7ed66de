/**
 * What becomes of containers that have exited: their last lines are stored, then they are removed.
 *
 * @module
 */

import { setTimeout as delay } from "node:timers/promises";
import { getLogger } from "@logtape/logtape";
import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { ContainerRemover } from "./container_remover.ts";
import { LogsNotSavedError, messageOf, TimeLimitError } from "../errors.ts";
import { LABEL } from "../engine/labels.ts";
import type { LogCollector } from "../logs/log_collector.ts";
import { toCollectedContainer } from "./managed_container.ts";

/** What {@linkcode ExitedContainers} need. */
export interface ExitedContainersOptions {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "rename" | "getStatus">;
  /** What removes containers. */
  readonly remover: Pick<ContainerRemover, "remove">;
  /** What stores their output; absent: nobody does. */
  readonly logs?: LogCollector;
}

/** Options of {@linkcode ExitedContainers.release}. */
export interface ReleaseOptions {
  /** Whether the container must not keep the next one of its bot waiting. @default {false} */
  readonly makeRoom?: boolean;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** How long the next container of a bot waits for the last lines of this one, in ms. */
const ROOM_MS = 500;
/** So many containers of a bot, and of all bots, are set aside. */
const MAX_OF_BOT = 20;
const MAX_OF_ALL = 500;

/**
 * Never removes before everything that a container printed is stored. When that takes long, because the object store
 * is away, a container makes room for the next one of its bot: it is *set aside*, under another name, until its
 * lines are stored. The engine keeps them as long.
 */
export class ExitedContainers {
  readonly #options: ExitedContainersOptions;
  /** Containers that are set aside, by the engine's id: the bots that they belong to. */
  readonly #aside = new Map<string, string>();
  readonly #log = getLogger(["berth", "runner"]);

  /** @param options See {@linkcode ExitedContainersOptions}. */
  constructor(options: ExitedContainersOptions) {
    this.#options = options;
  }

  /**
   * Stores the last lines of a container and removes it, or sets it aside.
   *
   * @param info A container that has exited.
   * @param options See {@linkcode ReleaseOptions}.
   * @throws {LogsNotSavedError} If its lines cannot be stored, and it was not set aside. It stays.
   */
  async release(info: ContainerInfo, { makeRoom = false, signal }: ReleaseOptions = {}): Promise<void> {
    const problem = await this.#save(info, makeRoom, signal);
    if (problem === undefined) return await this.#options.remover.remove(info, signal);
    signal?.throwIfAborted();
    if (!makeRoom || !this.#hasRoom(info)) throw new LogsNotSavedError(info.name, { cause: problem });
    const name = `${info.name}_${shortId(info)}`;
    await this.#options.orchestrator.rename(info.id, name, { signal });
    this.#aside.set(info.id, botOf(info));
    this.#log.warn("exited container waits until its last lines are stored", {
      id: botOf(info),
      container: name,
      problem: messageOf(problem),
    });
  }

  /**
   * Looks after the containers that are set aside: removes those whose lines are stored.
   *
   * @param listed Containers of which the collector has been told.
   */
  async review(listed: readonly ContainerInfo[], signal?: AbortSignal): Promise<void> {
    const { logs, remover, orchestrator } = this.#options;
    if (!logs) return;
    const aside = new Map(listed.filter(isSetAside).map((info) => [info.id, info]));
    // A list may be one of other bots.
    for (const id of this.#aside.keys()) {
      if (aside.has(id)) continue;
      const isThere = await orchestrator.getStatus(id, { signal });
      if (!isThere) this.#aside.delete(id);
    }
    for (const info of aside.values()) {
      this.#aside.set(info.id, botOf(info));
      if (!logs.status(info.id)?.isComplete) continue;
      try {
        await remover.remove(info, signal);
        this.#aside.delete(info.id);
        this.#log.info("exited container removed: its last lines are stored", {
          id: botOf(info),
          container: info.name,
        });
      } catch (error) {
        signal?.throwIfAborted();
        this.#log.warn("exited container not removed yet", {
          container: info.name,
          problem: messageOf(error),
        });
      }
    }
  }

  /**
   * Says what of a bot waits for the object store.
   *
   * @param id Id of the bot.
   * @returns `undefined` when nothing does.
   */
  waiting(id: string): string | undefined {
    const containers = [...this.#aside].filter(([, bot]) => bot === id).map(([container]) => container);
    if (containers.length === 0) return undefined;
    const problem = containers.map((container) => this.#options.logs?.status(container)?.problem).find(
      Boolean,
    );
    const count = containers.length === 1 ? "1 exited container" : `${containers.length} exited containers`;
    return `the last lines of ${count} wait to be stored${problem === undefined ? "" : `: ${problem}`}`;
  }

  /** @returns Why the last lines are not stored; `undefined` when they are. */
  async #save(info: ContainerInfo, makeRoom: boolean, signal?: AbortSignal): Promise<unknown> {
    const { logs } = this.#options;
    if (!logs || info.phase === "pending" || !(LABEL.id in info.labels)) return undefined;
    // It had exited when it was looked at, or was stopped since then.
    const saving = logs.stop({ ...toCollectedContainer(info), hasExited: true }, signal)
      .then(() => undefined, (error: unknown) => error);
    if (!makeRoom) return await saving;
    const known = logs.status(info.id)?.problem;
    if (known !== undefined) return new Error(known);
    const late = new AbortController();
    const limit = delay(ROOM_MS, new TimeLimitError("Storing its last lines", ROOM_MS), late);
    try {
      return await Promise.race([saving, limit]);
    } finally {
      limit.catch(() => {});
      late.abort();
    }
  }

  #hasRoom(info: ContainerInfo): boolean {
    const ofBot = [...this.#aside.values()].filter((bot) => bot === botOf(info)).length;
    return ofBot < MAX_OF_BOT && this.#aside.size < MAX_OF_ALL;
  }
}

/**
 * Whether a container was set aside: it has exited, and only its last lines are of interest.
 *
 * @param info The container.
 */
export function isSetAside(info: Pick<ContainerInfo, "id" | "name" | "phase">): boolean {
  return info.phase === "exited" && info.name.endsWith(`_${shortId(info)}`);
}

function shortId({ id }: Pick<ContainerInfo, "id">): string {
  return id.slice(0, 12);
}

function botOf({ labels }: ContainerInfo): string {
  return labels[LABEL.id] ?? "";
}
