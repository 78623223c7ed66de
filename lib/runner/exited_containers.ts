/**
 * Stores the last lines of exited containers, then removes the containers.
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

/** Options of {@linkcode ExitedContainers}. */
export interface ExitedContainersOptions {
  /** The engine. Without `rename`, no container is set aside: the next one of its bot waits. */
  readonly orchestrator:
    & Pick<ContainerOrchestrator, "getStatus">
    & Partial<Pick<ContainerOrchestrator, "rename">>;
  /** Removes containers. */
  readonly remover: Pick<ContainerRemover, "remove">;
  /** Stores the output of containers. @default {output is not stored} */
  readonly logs?: LogCollector;
}

/** Options of {@linkcode ExitedContainers.release}. */
export interface ReleaseOptions {
  /** Whether the next container of the bot needs the name at once. @default {false} */
  readonly makeRoom?: boolean;
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** How long the next container of a bot waits until the last lines of this one are stored, in ms. */
const MAKE_ROOM_TIMEOUT_MS = 500;
/**
 * How long the next container of a bot waits for a log that the engine does not reach, in ms, where it cannot be set aside: a
 * node may be gone for good, and its bots must go on.
 */
const UNREACHABLE_LIMIT_MS = 15_000;
/** Largest number of containers that are set aside: of one bot, and in total. */
const MAX_OF_BOT = 20;
const MAX_OF_ALL = 500;

/**
 * Removes exited containers, but never before everything that they printed is stored. While the object store is down, a
 * container is *set aside* under another name, so that the next container of its bot can start. The engine keeps its
 * lines until they are stored; then the container is removed.
 */
export class ExitedContainers implements AsyncDisposable {
  readonly #options: ExitedContainersOptions;
  readonly #closing = new AbortController();
  readonly #removals = new Set<Promise<void>>();
  /** Bot of each container that is set aside, by the engine's id of the container. */
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
   * @throws {LogsNotSavedError} If its lines cannot be stored and it was not set aside. The container stays; one that cannot
   * be set aside goes once the engine has not reached its log for 15 s.
   */
  async release(info: ContainerInfo, { makeRoom = false, signal }: ReleaseOptions = {}): Promise<void> {
    const problem = await this.#save(info, makeRoom, signal);
    if (problem === undefined) return await this.#options.remover.remove(info, signal);
    signal?.throwIfAborted();
    const { orchestrator } = this.#options;
    if (orchestrator.rename === undefined && makeRoom && this.#isOutOfReach(info)) {
      return await this.#abandon(info, signal);
    }
    const mayWait = makeRoom && orchestrator.rename !== undefined && this.#hasRoom(info);
    if (!mayWait) throw new LogsNotSavedError(info.name, { cause: problem });
    const name = `${info.name}_${shortId(info)}`;
    await orchestrator.rename!(info.id, name, { signal });
    this.#aside.set(info.id, botOf(info));
    const properties = { id: botOf(info), container: name, problem: messageOf(problem) };
    const message = "exited container waits until its last lines are stored";
    // A store that is only slow needs nobody: the log collector warns if it goes on to fail.
    if (problem instanceof TimeLimitError) this.#log.info(message, properties);
    else this.#log.warn(message, properties);
    const removal = this.#removeOnceStored({ ...info, name });
    this.#removals.add(removal);
    void removal.finally(() => this.#removals.delete(removal));
  }

  /** Waits until no container is being removed any more. What is set aside stays. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#removals);
  }

  /**
   * Removes the containers that are set aside and whose lines are stored by now.
   *
   * @param listed Containers that the log collector already knows.
   */
  async review(listed: readonly ContainerInfo[], signal?: AbortSignal): Promise<void> {
    const { logs, orchestrator } = this.#options;
    if (!logs) return;
    const aside = new Map(listed.filter(isSetAside).map((info) => [info.id, info]));
    // The list may be of another segment.
    for (const id of this.#aside.keys()) {
      if (aside.has(id)) continue;
      const isThere = await orchestrator.getStatus(id, { signal });
      if (!isThere) this.#aside.delete(id);
    }
    for (const info of aside.values()) {
      this.#aside.set(info.id, botOf(info));
      if (logs.status(info.id)?.isComplete) await this.#removeStored(info, signal);
      signal?.throwIfAborted();
    }
  }

  /**
   * Reports which containers of a bot wait for the object store.
   *
   * @param id Id of the bot.
   * @returns One sentence; `undefined` if no container waits.
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

  /** Never rejects: {@linkcode review} finds what stays. */
  async #removeOnceStored(info: ContainerInfo): Promise<void> {
    const { signal } = this.#closing;
    try {
      await this.#options.logs!.stop({ ...toCollectedContainer(info), hasExited: true }, signal);
    } catch {
      // The collector has said why, and goes on.
      return;
    }
    if (!signal.aborted) await this.#removeStored(info, signal);
  }

  /** Removes a container that is set aside, unless that is being done. Never rejects. */
  async #removeStored(info: ContainerInfo, signal?: AbortSignal): Promise<void> {
    if (!this.#aside.delete(info.id)) return;
    try {
      await this.#options.remover.remove(info, signal);
      this.#log.info("exited container removed: its last lines are stored", {
        id: botOf(info),
        container: info.name,
      });
    } catch (error) {
      this.#aside.set(info.id, botOf(info));
      if (signal?.aborted) return;
      this.#log.warn("exited container not removed yet", {
        container: info.name,
        problem: messageOf(error),
      });
    }
  }

  /** Returns why the last lines are not stored; `undefined` once they are. */
  async #save(info: ContainerInfo, makeRoom: boolean, signal?: AbortSignal): Promise<unknown> {
    const { logs } = this.#options;
    if (!logs || info.phase === "pending" || !(LABEL.id in info.labels)) return undefined;
    // It had exited when it was listed, or has been stopped since.
    const container = { ...toCollectedContainer(info), hasExited: true };
    const saving =
      (info.phase === "lost"
        ? logs.abandon(container, describeLoss(info), signal)
        : logs.stop(container, signal)).then(() => undefined, (error: unknown) => error);
    // Nothing that was not stored comes any more.
    if (!makeRoom || info.phase === "lost") return await saving;
    const known = logs.status(info.id)?.problem;
    if (known !== undefined) return new Error(known);
    const late = new AbortController();
    const limit = delay(
      MAKE_ROOM_TIMEOUT_MS,
      new TimeLimitError("Storing its last lines", MAKE_ROOM_TIMEOUT_MS),
      late,
    );
    try {
      return await Promise.race([saving, limit]);
    } finally {
      limit.catch(() => {});
      late.abort();
    }
  }

  #isOutOfReach({ id }: ContainerInfo): boolean {
    const { unreachableMs = 0 } = this.#options.logs?.status(id) ?? {};
    return unreachableMs >= UNREACHABLE_LIMIT_MS;
  }

  /** Ends the log of a container without the lines that cannot be read, and removes the container. */
  async #abandon(info: ContainerInfo, signal?: AbortSignal): Promise<void> {
    const { logs, remover } = this.#options;
    await logs!.abandon({ ...toCollectedContainer(info), hasExited: true }, OUT_OF_REACH, signal);
    this.#log.warn("last lines given up: the engine does not reach the log", {
      id: botOf(info),
      container: info.name,
    });
    await remover.remove(info, signal);
  }

  #hasRoom(info: ContainerInfo): boolean {
    const ofBot = [...this.#aside.values()].filter((bot) => bot === botOf(info)).length;
    return ofBot < MAX_OF_BOT && this.#aside.size < MAX_OF_ALL;
  }
}

/**
 * Whether a container is set aside: it has exited and waits until its last lines are stored.
 *
 * @param info The container.
 */
export function isSetAside(info: Pick<ContainerInfo, "id" | "name" | "phase">): boolean {
  return info.phase === "exited" && info.name.endsWith(`_${shortId(info)}`);
}

const OUT_OF_REACH =
  "berth: its node keeps a log that cannot be reached: whatever the bot printed there and is not above is lost";

function describeLoss({ reason = "its host is gone" }: ContainerInfo): string {
  return `berth: ${reason}: whatever the bot printed there and is not above is lost`;
}

function shortId({ id }: Pick<ContainerInfo, "id">): string {
  return id.slice(0, 12);
}

function botOf({ labels }: ContainerInfo): string {
  return labels[LABEL.id] ?? "";
}
