/**
 * Reads the logs of a Swarm's tasks. They have the form of a container's log, entry by entry.
 *
 * @module
 */

import type { LogEntry, ReadLogOptions } from "../container_orchestrator.ts";
import { ContainerNotFoundError, EngineError, EngineUnavailableError, TimeLimitError } from "../../errors.ts";
import type { DockerodeClient } from "../docker/dockerode_client.ts";
import { DockerodeLogs } from "../docker/dockerode_logs.ts";
import { engineMessage } from "../docker/dockerode_errors.ts";
import { LogUnreachableError } from "../log_unreachable_error.ts";
import type { ManagerClient } from "./manager_client.ts";
import type { SwarmContainer } from "./swarm_container_info.ts";
import type { SwarmPoller } from "./swarm_poller.ts";

/** How a Swarm says that it does not reach the log of a node. */
const UNREACHABLE = /node \S+ (?:is not available|disconnected unexpectedly)/;

/** Parts of {@linkcode SwarmLogs}. */
export interface SwarmLogsParts {
  /** The managers. */
  readonly client: ManagerClient;
  /** Notices the end of a task: a followed log of a Swarm never ends by itself. */
  readonly poller: Pick<SwarmPoller, "expectEnd" | "expectStart" | "listen">;
  /** Finds a container by its id or name. */
  readonly find: (container: string, signal?: AbortSignal) => Promise<SwarmContainer | undefined>;
  /** Time limit of a call, in ms. */
  readonly limitMs: number;
}

/** Reads logs. */
export class SwarmLogs {
  readonly #parts: SwarmLogsParts;
  readonly #logs: DockerodeLogs;
  /** The containers whose running task is followed, by their id: the poller tells when one has ended or its node is down. */
  readonly #followed = new Map<string, SwarmContainer>();

  /** @param parts See {@linkcode SwarmLogsParts}. */
  constructor(parts: SwarmLogsParts) {
    const { client, limitMs } = parts;
    this.#parts = parts;
    this.#logs = new DockerodeLogs(client, {
      async openLogs(task, query, scope) {
        const request = {
          what: `read the log of task '${task}'`,
          method: "GET",
          path: `/tasks/${task}/logs`,
          query,
        } as const;
        try {
          return await client.openStream(request, scope);
        } catch (error) {
          const isGone = error instanceof EngineError && /not found|no such/i.test(engineMessage(error));
          throw isGone ? new ContainerNotFoundError(task, { cause: error }) : error;
        }
      },
      openAttach(task) {
        throw new EngineError(`Cannot attach to task '${task}': a Swarm has no such call.`, 501);
      },
    }, { callMs: limitMs });
  }

  /**
   * Reads the entries of a container's log. See `ContainerOrchestrator.readLog`.
   *
   * @param container Id or name of the container.
   * @param options Which entries, and until when.
   * @throws {LogUnreachableError} If the Swarm does not reach the node that keeps the log.
   * @throws {EngineUnavailableError} If that node is down, or no manager answers.
   */
  async *readEntries(container: string, options: ReadLogOptions): AsyncGenerator<readonly LogEntry[]> {
    const { signal, follow } = options;
    const found = (!follow && this.#followed.get(container)) || await this.#parts.find(container, signal);
    if (!found) throw new ContainerNotFoundError(container);
    if (found.phase === "lost") {
      throw new EngineUnavailableError(`Cannot read the log of '${found.name}': ${found.reason}.`, {
        advice: "It can be read once that node is back.",
      });
    }
    // A task that was placed nowhere has printed nothing.
    const hasLog = found.taskId !== undefined && found.nodeId !== undefined;
    if (!follow || found.phase === "exited") {
      if (hasLog) yield* this.#readTask(found, { ...options, follow: false });
      return;
    }
    yield* this.#follow(found, options, hasLog);
  }

  /**
   * Reads the log of a task. A Swarm may not reach the log of a node that has lost its connection and is back; the engine of
   * the node then still has it, and answers if it is one of the managers.
   */
  async *#readTask(found: SwarmContainer, options: ReadLogOptions): AsyncGenerator<readonly LogEntry[]> {
    const { taskId, name, nodeId, nodeName = nodeId } = found;
    let hasBegun = false;
    try {
      for await (const entries of this.#logs.readEntries(taskId!, options)) {
        hasBegun = true;
        yield entries;
      }
    } catch (error) {
      if (options.signal?.aborted || !(error instanceof EngineError) || !UNREACHABLE.test(error.message)) {
        throw error;
      }
      if (hasBegun || !(yield* this.#readFromNode(found, options))) {
        throw new LogUnreachableError(
          `Cannot read the log of '${name}': the Swarm does not reach the log of its node '${nodeName}'.`,
          {
            advice:
              "Check with `docker node ls` whether it is up; a restart of its engine connects it again.",
            cause: error,
          },
        );
      }
    }
  }

  /** Asks the engine of the node itself. @returns False if it is no manager, or does not answer. */
  async *#readFromNode(
    { nodeId, engineId }: SwarmContainer,
    options: ReadLogOptions,
  ): AsyncGenerator<readonly LogEntry[], boolean> {
    const { client, limitMs } = this.#parts;
    if (nodeId === undefined || engineId === undefined) return false;
    const engine = await client.managerOn(nodeId, options.signal);
    if (!engine) return false;
    try {
      yield* logsOf(engine, limitMs).readEntries(engineId, options);
      return true;
    } catch (error) {
      if (error instanceof EngineUnavailableError || error instanceof TimeLimitError) return false;
      throw error;
    }
  }

  /** Follows until the poller has seen the end of the task. The reader then reads the rest. */
  async *#follow(
    found: SwarmContainer,
    options: ReadLogOptions,
    hasLog: boolean,
  ): AsyncGenerator<readonly LogEntry[]> {
    const { id } = found;
    const ended = new AbortController();
    const changed = new AbortController();
    const stopListening = this.#parts.poller.listen(({ serviceId, action }) => {
      if (serviceId !== id) return;
      this.#followed.delete(id);
      (action === "die" ? ended : changed).abort();
    });
    const forget = this.#parts.poller.expectEnd(id);
    const signal = AbortSignal.any([ended.signal, ...(options.signal ? [options.signal] : [])]);
    const follow = (now: SwarmContainer, options: ReadLogOptions) => {
      if (now.phase === "running") this.#followed.set(id, now);
      return this.#readTask(now, { ...options, signal });
    };
    try {
      if (hasLog) yield* follow(found, options);
      else {
        this.#parts.poller.expectStart(found);
        await once(AbortSignal.any([signal, changed.signal]));
        const begun = signal.aborted ? undefined : await this.#parts.find(id, signal);
        // All that it prints is new, since nothing was printed when this began.
        if (begun?.phase === "running") yield* follow(begun, { ...options, tail: undefined });
      }
      options.signal?.throwIfAborted();
    } catch (error) {
      if (!ended.signal.aborted || options.signal?.aborted) throw error;
    } finally {
      this.#followed.delete(id);
      forget();
      stopListening();
    }
  }
}

function once(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}

/** The logs of the containers of one engine. @param engine The engine. @param callMs Limit for an answer, in ms. */
function logsOf(engine: DockerodeClient, callMs: number): DockerodeLogs {
  return new DockerodeLogs(engine, {
    openLogs: (container, query, scope) =>
      engine.openStream({
        what: `read the log of container '${container}'`,
        method: "GET",
        path: `/containers/${container}/logs`,
        query,
      }, scope),
    openAttach(container) {
      throw new EngineError(`Cannot attach to container '${container}' of a Swarm.`, 501);
    },
  }, { callMs });
}
