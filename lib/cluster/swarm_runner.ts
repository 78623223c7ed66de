/**
 * The runner on a Docker Swarm.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ExtractionPool } from "../archive/extraction_pool.ts";
import type { CodeManager } from "../code/code_manager.ts";
import type { Dependencies } from "../dependencies/dependencies.ts";
import type { ContainerInfo } from "../engine/container_orchestrator.ts";
import type { Executable } from "../executable/executable.ts";
import type { LogCollector } from "../logs/log_collector.ts";
import { EngineRunner, type EngineRunnerParts } from "../runner/engine_runner.ts";
import { toCollectedContainer } from "../runner/managed_container.ts";
import type {
  BuildDependenciesOptions,
  BuiltDependencies,
  PrepareOptions,
  RemoveOrphansOptions,
  RunnerCallOptions,
  RunnerCapabilities,
} from "../runner/runner.ts";
import type { RunnerNodes } from "../runner/runner_nodes.ts";
import type { ContainerSecrets } from "../secrets/container_secrets.ts";
import type { ClusterBuilders } from "./cluster_builders.ts";
import type { ClusterRemover } from "./cluster_remover.ts";
import type { ClusterStarter } from "./cluster_starter.ts";

/** Parts of a {@linkcode SwarmRunner}. */
export interface SwarmRunnerParts extends EngineRunnerParts {
  /** Starts containers. */
  readonly starter: ClusterStarter;
  /** Removes containers. */
  readonly remover: ClusterRemover;
  /** The nodes. */
  readonly nodes: RunnerNodes;
  /** Builds what code needs. */
  readonly dependencies: Dependencies;
  /** The engines that build. Closed with the runner. */
  readonly builders: ClusterBuilders;
  /** Fetches and checks code. */
  readonly code: CodeManager;
  /** Extracts archives. Closed with the runner. */
  readonly extractor: ExtractionPool;
  /** Hides secrets. Closed with the runner. */
  readonly secrets: ContainerSecrets;
  /** Stores logs. Closed with the runner. */
  readonly logs?: LogCollector | undefined;
  /** The connection to the Swarm. Closed with the runner. */
  readonly connection: AsyncDisposable;
}

/** Runs bots as services of a Docker Swarm. See `Runner` for what each method promises. */
export class SwarmRunner extends EngineRunner {
  /** {@inheritDoc Runner.capabilities} */
  readonly capabilities: RunnerCapabilities = { spansHosts: true };
  /** {@inheritDoc Runner.nodes} */
  readonly nodes: RunnerNodes;
  readonly #parts: SwarmRunnerParts;
  readonly #log = getLogger(["berth", "runner"]);

  /** @param parts See {@linkcode SwarmRunnerParts}. */
  constructor(parts: SwarmRunnerParts) {
    super(parts);
    this.#parts = parts;
    this.nodes = parts.nodes;
  }

  /** {@inheritDoc Runner.discardPrepared} */
  discardPrepared(): Promise<void> {
    return Promise.resolve();
  }

  /** {@inheritDoc Runner.prepare} */
  async prepare(executable: Executable, { signal }: PrepareOptions = {}): Promise<void> {
    await this.#parts.starter.check(executable, signal);
  }

  /** {@inheritDoc Runner.buildDependencies} */
  async buildDependencies(
    executable: Executable,
    options: BuildDependenciesOptions = {},
  ): Promise<BuiltDependencies> {
    return await this.untilClosed(
      options,
      (signal) => this.#parts.dependencies.build(executable, { ...options, signal }),
    );
  }

  /** {@inheritDoc Runner.checkCode} */
  async checkCode(executable: Executable, options: RunnerCallOptions = {}): Promise<void> {
    await this.#parts.code.fetchAndExtract(executable, () => Promise.resolve(), options);
  }

  /** {@inheritDoc Runner.hostId} */
  async hostId({ signal }: RunnerCallOptions = {}): Promise<string> {
    return `swarm/${(await this.#parts.orchestrator.info({ signal })).id}`;
  }

  /** {@inheritDoc Runner.removeOrphans} */
  async removeOrphans({ signal, kinds }: RemoveOrphansOptions = {}): Promise<string[]> {
    const { remover, builders } = this.#parts;
    // No bot waits for it: a manager may be down, and a builder harms none.
    if (!kinds || kinds.includes("build")) void builders.removeOrphans(signal).catch(() => {});
    const removed = await remover.removeOrphans(signal);
    if (removed.length > 0) this.#log.info("leftovers removed", { removed });
    return removed;
  }

  /** Nothing to do: the Swarm looks after the containers that it has started. */
  protected started(_info: ContainerInfo): void {}

  /** Looks after logs. */
  protected async supervise(printed: readonly ContainerInfo[], signal?: AbortSignal): Promise<void> {
    this.#parts.logs?.adopt(printed.map(toCollectedContainer));
    await this.#parts.exited.review(printed, signal);
  }

  /** Closes the parts that are closed with the runner. */
  protected async closeParts(): Promise<void> {
    const { logs, builders, extractor, secrets, connection } = this.#parts;
    await logs?.close();
    await builders[Symbol.asyncDispose]();
    await extractor[Symbol.asyncDispose]();
    secrets[Symbol.dispose]();
    await connection[Symbol.asyncDispose]();
  }
}
