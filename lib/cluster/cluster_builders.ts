/**
 * The engines on which a cluster builds dependencies: those of its managers, which Berth reaches.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Workspaces } from "../code/workspaces.ts";
import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import { EngineUnavailableError } from "../errors.ts";
import type { ContainerOwnership } from "../runner/container_ownership.ts";

/** How long a manager may take to say that it is there, in ms. */
const ANSWER_MS = 8_000;
/** Time after its limit at which a builder counts as abandoned, in ms. */
export const BUILDER_MARGIN_MS = 60_000;
/** Tolerance for clocks that differ, in ms. */
const CLOCK_MS = 10 * 60_000;

/** Parts of {@linkcode ClusterBuilders}. */
export interface ClusterBuildersOptions {
  /** The engines of the managers. Closed with this object. */
  readonly engines: readonly ContainerOrchestrator[];
  /** Folders of the builds. */
  readonly workspaces: Workspaces;
  /** Tells this instance's containers from others. */
  readonly ownership: ContainerOwnership;
  /** Longest time of a build, in ms. */
  readonly timeoutMs: number;
}

/** Chooses engines for builds, and removes what killed processes have left there. */
export class ClusterBuilders implements AsyncDisposable {
  readonly #options: ClusterBuildersOptions;
  readonly #log = getLogger(["berth", "runner"]);
  #preferred = 0;
  #isClosed = false;

  /** @param options See {@linkcode ClusterBuildersOptions}. */
  constructor(options: ClusterBuildersOptions) {
    this.#options = options;
  }

  /**
   * Chooses the first engine that answers, beginning with the one chosen last.
   *
   * @param signal Cancels the call.
   * @throws {EngineUnavailableError} If none does.
   */
  async engine(signal?: AbortSignal): Promise<ContainerOrchestrator> {
    const { engines } = this.#options;
    const first = this.#preferred;
    let failure: unknown;
    for (let step = 0; step < engines.length; step++) {
      const index = (first + step) % engines.length;
      try {
        await engines[index]!.info({ signal: answerSignal(signal) });
        this.#preferred = index;
        // Those of a Berth that never came back are old enough by now.
        void this.#removeFrom(engines[index]!, new Set(), signal);
        return engines[index]!;
      } catch (error) {
        signal?.throwIfAborted();
        failure = error;
      }
    }
    throw new EngineUnavailableError("No manager of the Swarm answers, so nothing can be built.", {
      advice: "Check with `docker node ls` whether most managers are up.",
      cause: failure,
    });
  }

  /**
   * Removes the folder of a build. One that stays is removed by {@linkcode removeOrphans}.
   *
   * @param name Name of the folder.
   */
  async discard(name: string): Promise<void> {
    try {
      // Everything in it is Berth's own.
      await this.#options.workspaces.remove(name, () => Promise.resolve());
    } catch (error) {
      this.#log.warn("workspace not removed yet", { folder: name, error });
    }
  }

  /**
   * Removes builders and folders of killed processes. Those of other Berths, which still may build, stay until a build
   * would have ended.
   *
   * @param signal Cancels the call.
   * @returns Names of what was removed.
   */
  async removeOrphans(signal?: AbortSignal): Promise<string[]> {
    const { engines, workspaces } = this.#options;
    const left = new Set((await workspaces.idle()).filter((name) => name.startsWith("build-")));
    const removed = await Promise.all(engines.map((engine) => this.#removeFrom(engine, left, signal)));
    // If a manager did not answer, their names tell next time which builders are left there.
    if (removed.includes(undefined)) return removed.flatMap((names) => names ?? []);
    for (const name of left) await this.discard(name);
    return [...removed.flatMap((names) => names ?? []), ...left];
  }

  /** @returns Names of the builders; `undefined` if the engine did not answer. */
  async #removeFrom(
    engine: ContainerOrchestrator,
    left: ReadonlySet<string>,
    signal?: AbortSignal,
  ): Promise<string[] | undefined> {
    const removed: string[] = [];
    try {
      for (const { id, name } of await this.#orphansOn(engine, left, signal)) {
        await engine.remove(id, { signal });
        removed.push(name);
      }
      return removed;
    } catch (error) {
      if (!signal?.aborted && !this.#isClosed) {
        this.#log.warn("builders not removed yet: a manager does not answer", { error });
      }
    }
  }

  async #orphansOn(
    engine: ContainerOrchestrator,
    left: ReadonlySet<string>,
    signal?: AbortSignal,
  ): Promise<ContainerInfo[]> {
    const { ownership, workspaces, timeoutMs } = this.#options;
    const before = Date.now() - timeoutMs - BUILDER_MARGIN_MS - CLOCK_MS;
    const labels = { ...ownership.instanceLabels, [LABEL.kind]: "build" };
    return (await engine.listContainers({ labels, signal: answerSignal(signal) })).filter(
      ({ labels, createdAt }) => {
        const folder = labels[LABEL.folder] ?? "";
        if (ownership.relationOf(labels) !== "own" || workspaces.isReserved(folder)) return false;
        return left.has(folder) || createdAt.getTime() < before;
      },
    );
  }

  /** Ends the calls under way, with the containers of unfinished starts. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#options.engines.map((engine) => engine[Symbol.asyncDispose]()));
  }
}

/** Aborts when a manager has not answered in time, or with another signal. */
function answerSignal(signal: AbortSignal | undefined): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(ANSWER_MS), ...(signal ? [signal] : [])]);
}
