/**
 * The runner on one Docker Engine.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { createDependencies } from "./create_dependencies.ts";
import type { Dependencies } from "../dependencies/dependencies.ts";
import { SharedBuilderFiles } from "../dependencies/shared_builder_files.ts";
import { CodeMounter } from "./code_mounter.ts";
import { ExecutableHashes } from "./executable_hashes.ts";
import { PreparedWorkspaces } from "./prepared_workspaces.ts";
import { ContainerStopper } from "./container_stopper.ts";
import { ContainerStarter } from "./container_starter.ts";
import { closeParts, type DockerRunnerParts } from "./docker_runner_parts.ts";
import { StartPreparer } from "./start_preparer.ts";
import { type ContainerInfo, hostIdOf } from "../engine/container_orchestrator.ts";
import { ContainerOwnership } from "./container_ownership.ts";
import { ContainerRemover } from "./container_remover.ts";
import type { Executable } from "../executable/executable.ts";
import { LABEL } from "../engine/labels.ts";
import { RunnerLogs } from "./runner_logs.ts";
import { toCollectedContainer } from "./managed_container.ts";
import { ExitedContainers } from "./exited_containers.ts";
import { OwnContainers } from "./own_containers.ts";
import { RunCollector } from "./run_collector.ts";
import { writeStopReason } from "./write_stop_reason.ts";
import { supervisedState } from "./state_source.ts";
import { setStatesOf } from "./states_of.ts";
import type {
  BuildDependenciesOptions,
  BuiltDependencies,
  PrepareOptions,
  RemoveOrphansOptions,
  RunnerCallOptions,
  RunnerCapabilities,
} from "./runner.ts";
import { EngineRunner } from "./engine_runner.ts";
import { UNPRIVILEGED } from "../users/bot_users.ts";

/** Runs bots as containers of one Docker Engine. See {@linkcode Runner} for what each method promises. */
export class DockerRunner extends EngineRunner {
  /** {@inheritDoc Runner.capabilities} */
  readonly capabilities: RunnerCapabilities = { spansHosts: false };
  readonly #parts: DockerRunnerParts;
  readonly #preparer: StartPreparer;
  readonly #prepared: PreparedWorkspaces;
  readonly #dependencies: Dependencies;
  readonly #remover: ContainerRemover;
  readonly #exited: ExitedContainers;
  readonly #log = getLogger(["berth", "runner"]);

  /** @param parts See {@linkcode DockerRunnerParts}. */
  constructor(parts: DockerRunnerParts) {
    const { config, user } = parts;
    const ownership = new ContainerOwnership(config.instance);
    const diskUseOf = (containerId: string) => parts.disk?.useOf(containerId);
    const containers = new OwnContainers({
      ...parts,
      ownership,
      isCodeLost: (info) => parts.watch.isLost(info),
      haveSecretsChanged: async ({ phase, labels }) =>
        phase === "running" && await parts.secrets.haveChanged(labels),
      diskUseOf,
    });
    const remover = new ContainerRemover({ ...parts, ownership });
    const exited = new ExitedContainers({ ...parts, remover });
    const dependencies = createDependencies({
      ...parts,
      engine: () => Promise.resolve(parts.orchestrator),
      files: new SharedBuilderFiles(parts),
      user: user.uid === 0 ? UNPRIVILEGED : user,
      ownership,
      discard: (name, image) => remover.discardFolder(name, image),
    });
    const hashes = new ExecutableHashes(config, parts.users.spec);
    const mounter = new CodeMounter({ ...parts, chownToBotUser: user.uid === 0 });
    const prepared = new PreparedWorkspaces({ ...parts, mounter, remover, hashes });
    super({
      ...parts,
      ownership,
      containers,
      exited,
      stopper: new ContainerStopper({
        ...parts,
        containers,
        exited,
        tellReason: (info, reason) => writeStopReason(parts.workspaces, info, reason),
        onCleanStop: ({ labels }) => parts.states.stopped(labels[LABEL.id]!),
      }),
      collector: new RunCollector({ ...parts, bucket: config.buckets.results, diskUseOf }),
      runnerLogs: new RunnerLogs({ ...parts, bucket: config.buckets.logs, ownership, containers }),
      starter: new ContainerStarter({
        ...parts,
        sources: [...parts.sources, dependencies],
        ownership,
        containers,
        remover,
        mounter,
        prepared,
        hashes,
      }),
    });
    this.#parts = parts;
    this.#remover = remover;
    this.#exited = exited;
    this.#dependencies = dependencies;
    this.#prepared = prepared;
    this.#preparer = new StartPreparer({ ...parts, prepared });
    setStatesOf(this, parts.states);
  }

  /** {@inheritDoc Runner.prepare} */
  async prepare(executable: Executable, options: PrepareOptions = {}): Promise<void> {
    await this.untilClosed(
      options,
      (signal) => this.#preparer.prepare(executable, { ...options, signal }),
    );
  }

  /** {@inheritDoc Runner.discardPrepared} */
  async discardPrepared(id: string): Promise<void> {
    await this.#prepared.discard(id);
  }

  /** {@inheritDoc Runner.buildDependencies} */
  async buildDependencies(
    executable: Executable,
    options: BuildDependenciesOptions = {},
  ): Promise<BuiltDependencies> {
    return await this.untilClosed(
      options,
      (signal) => this.#dependencies.build(executable, { ...options, signal }),
    );
  }

  /** {@inheritDoc Runner.checkCode} */
  async checkCode(executable: Executable, options: RunnerCallOptions = {}): Promise<void> {
    await this.#parts.code.fetchAndExtract(executable, () => Promise.resolve(), options);
  }

  /** {@inheritDoc Runner.hostId} */
  async hostId({ signal }: RunnerCallOptions = {}): Promise<string> {
    return hostIdOf(await this.#parts.orchestrator.info({ signal }));
  }

  /** {@inheritDoc Runner.removeOrphans} */
  async removeOrphans(options: RemoveOrphansOptions = {}): Promise<string[]> {
    await this.#prepared.removeStale();
    const removed = await this.#remover.removeOrphans(Object.values(this.#parts.config.images)[0]!, options);
    if (removed.length > 0) this.#log.info("leftovers removed", { removed });
    return removed;
  }

  /** Watches its disk use. */
  protected started(info: ContainerInfo): void {
    this.#parts.disk?.watch([info]);
  }

  /** Looks after logs, disk use and states. */
  protected async supervise(printed: readonly ContainerInfo[], signal?: AbortSignal): Promise<void> {
    this.#parts.logs?.adopt(printed.map(toCollectedContainer));
    this.#parts.disk?.watch(printed);
    this.#parts.states.supervise(printed.filter(({ phase }) => phase === "running").flatMap(supervisedState));
    await this.#exited.review(printed, signal);
    this.#parts.watch.refresh();
  }

  /** Closes the parts that are closed with the runner. */
  protected async closeParts(): Promise<void> {
    await this.#prepared[Symbol.asyncDispose]();
    await closeParts(this.#parts);
  }
}
