/**
 * One start on a cluster, from the description to the service of the Swarm.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { CodeManager } from "../code/code_manager.ts";
import type { ContainerInfo } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import type { SwarmContainerSpec } from "../engine/swarm/swarm_service_spec.ts";
import type { StartLimits } from "../engine/swarm/swarm_poller.ts";
import type { SwarmOrchestrator } from "../engine/swarm/swarm_orchestrator.ts";
import { ContainerConflictError, EngineError, InvalidExecutableError } from "../errors.ts";
import { type Executable, imageOf } from "../executable/executable.ts";
import type { ContainerOwnership } from "../runner/container_ownership.ts";
import type { DockerRunnerConfig } from "../runner/docker_runner_config.ts";
import type { ExecutableHashes } from "../runner/executable_hashes.ts";
import type { RunningResult } from "../runner/execution_result.ts";
import { limitsOf } from "../runner/limit_bounds.ts";
import { toManagedContainer } from "../runner/managed_container.ts";
import type { OwnContainers } from "../runner/own_containers.ts";
import type { StartContainerOptions } from "../runner/runner.ts";
import type { RunnerMeter } from "../runner/runner_meter.ts";
import { namedContainer, standingContainer, type StartTarget } from "../runner/standing_containers.ts";
import { startTargetOf, toRunning } from "../runner/start_target.ts";
import type { SecretResolver } from "../secrets/secret_resolver.ts";
import { botUserKey, type BotUsers } from "../users/bot_users.ts";
import { KeyedMutex } from "../util/keyed_mutex.ts";
import { Limiter } from "../util/limiter.ts";
import type { ClusterImages } from "./cluster_images.ts";
import { type ClusterLeases, type HeldLease, LeaseHeldError } from "./cluster_leases.ts";
import type { ClusterPlacement } from "./cluster_placement.ts";
import type { ClusterRemover } from "./cluster_remover.ts";
import { leaseKey } from "./lease_key.ts";
import { OrderGiver, type PreparedStart } from "./order_giver.ts";
import type { NodePrograms } from "./node_programs.ts";
import { serviceName } from "./service_name.ts";
import type { SupervisorFile } from "./supervisor/supervisor_files.ts";
import type { SupervisorConfigs } from "./supervisor_configs.ts";
import { newOrderId, type WorkOrders } from "./work_orders.ts";
import { measureStart } from "../runner/measure_start.ts";

/** Starts mostly wait for the database, the managers and the nodes, so more of them may run at once. */
const WAITING_FACTOR = 4;
/**
 * How long a start keeps its place at most: until a node runs its container. If nodes begin hundreds at once, no supervisor
 * gets the time to renew its lease. A start that waits for a node or an image gives its place to another sooner.
 */
const START_LIMITS: StartLimits = { limitMs: 60_000, pendingLimitMs: 10_000 };
/** A `none` network would cut the supervisor off, and a Swarm does not support it. */
const NO_NETWORK = "none";

/** Parts of a {@linkcode ClusterStarter}. */
export interface ClusterStarterOptions {
  /** The configuration. */
  readonly config: DockerRunnerConfig;
  /** The Swarm. */
  readonly swarm: Pick<
    SwarmOrchestrator,
    "create" | "getStatus" | "inspectImage" | "recentNodes" | "secrets" | "waitUntilStarted"
  >;
  /** Names images by their digests. */
  readonly images: ClusterImages;
  /** The leases. */
  readonly leases: ClusterLeases;
  /** The orders. */
  readonly orders: WorkOrders;
  /** Decides on the constraints for the node of a container. */
  readonly placement: Pick<ClusterPlacement, "of">;
  /** The files of the supervisor. */
  readonly configs: SupervisorConfigs;
  /** Knows which nodes have the supervisor's program. */
  readonly programs: NodePrograms;
  /** The file of Berth's certificate authority, if it has one of its own. */
  readonly authority: readonly SupervisorFile[];
  /** Fetches and checks code. */
  readonly code: CodeManager;
  /** Checks that secrets have values. */
  readonly secrets: Pick<SecretResolver, "resolve">;
  /** Users that bots run as. */
  readonly users: BotUsers;
  /** Hash executables. */
  readonly hashes: ExecutableHashes;
  /** Tells the runner's containers from others. */
  readonly ownership: ContainerOwnership;
  /** Finds the runner's containers. */
  readonly containers: OwnContainers;
  /** Cleans up after a failed start. */
  readonly remover: Pick<ClusterRemover, "discardOrder">;
  /** Takes measurements. @default {nothing is measured} */
  readonly meter?: RunnerMeter | undefined;
}

/** Starts containers. A start returns once the Swarm has accepted the service: a node runs it soon. */
export class ClusterStarter {
  readonly #options: ClusterStarterOptions;
  readonly #limit: Limiter;
  readonly #orders: OrderGiver;
  readonly #names = new KeyedMutex();
  readonly #log = getLogger(["berth", "runner"]);

  /** @param options See {@linkcode ClusterStarterOptions}. */
  constructor(options: ClusterStarterOptions) {
    this.#options = options;
    this.#orders = new OrderGiver(options);
    this.#limit = new Limiter(WAITING_FACTOR * options.config.startConcurrency);
  }

  /** Hashes executables. */
  get hashes(): ExecutableHashes {
    return this.#options.hashes;
  }

  /**
   * Makes sure that a container runs, or is about to.
   *
   * @param executable A validated executable.
   * @param options See {@linkcode StartContainerOptions}.
   * @throws {LeaseHeldError} If an earlier copy may still live.
   * @throws {ContainerConflictError} If a container with another specification, or one that has exited, has the name.
   * @throws {InvalidExecutableError} If it asks for more than the operator allows, or what a Swarm does not have.
   */
  async start(executable: Executable, options: StartContainerOptions): Promise<RunningResult> {
    const { config, hashes } = this.#options;
    const named = startTargetOf(executable, options, config, hashes);
    const target = { ...named, name: serviceName(named.name) };
    if (limitsOf(executable, config).network === NO_NETWORK) {
      const message = "must not be none on a cluster: a Swarm has no such network";
      throw new InvalidExecutableError([{ path: "network", message }]);
    }
    return await this.#names.run(target.name, () => this.#measured(target, executable, options));
  }

  /** Checks everything that a start needs and does not change anything. @param executable A validated executable. */
  async check(executable: Executable, signal?: AbortSignal): Promise<void> {
    const { images, config, code, secrets } = this.#options;
    await Promise.all([
      images.pinned(imageOf(executable, config.images)),
      code.fetchAndExtract(executable, () => Promise.resolve(), { ...(signal && { signal }) }),
      executable.secrets && secrets.resolve(executable.secrets, { signal }),
    ]);
  }

  async #measured(
    target: StartTarget,
    executable: Executable,
    options: StartContainerOptions,
  ): Promise<RunningResult> {
    const { meter } = this.#options;
    return await measureStart(
      meter,
      target.kind,
      options.signal,
      () => this.#start(target, executable, options),
    );
  }

  async #start(
    target: StartTarget,
    executable: Executable,
    options: StartContainerOptions,
  ): Promise<RunningResult> {
    const { containers, swarm } = this.#options;
    const { signal } = options;
    signal?.throwIfAborted();
    const standing = await standingContainer(target, containers, signal);
    if (standing) return toRunning(standing, false);
    try {
      const info = await this.#paced(() => this.#startNew(target, executable, options), signal);
      this.#log.debug("service created", { service: target.name, specHash: target.specHash });
      return toRunning(toManagedContainer(info), true);
    } catch (error) {
      if (!(error instanceof ContainerConflictError)) throw error;
      const there = await swarm.getStatus(target.name, { signal });
      const existing = there && await namedContainer(target, there, containers, error);
      if (existing) return toRunning(existing, false);
      throw error;
    }
  }

  /** Runs a start in its turn, which lasts until a node runs the container. */
  #paced(start: () => Promise<ContainerInfo>, signal: AbortSignal | undefined): Promise<ContainerInfo> {
    const { promise, resolve, reject } = Promise.withResolvers<ContainerInfo>();
    this.#limit.run(async () => {
      const info = await start();
      resolve(info);
      await this.#options.swarm.waitUntilStarted(info.id, START_LIMITS);
    }, signal).catch(reject);
    return promise;
  }

  async #startNew(
    target: StartTarget,
    executable: Executable,
    options: StartContainerOptions,
  ): Promise<ContainerInfo> {
    const { leases } = this.#options;
    const { kind, id, slot } = target;
    const { signal } = options;
    const prepared = await this.#prepare(executable, signal);
    const take = () => leases.take(leaseKey(kind, id, slot), prepared.order, { signal });
    const lease = await take().catch((error) => {
      if (error instanceof LeaseHeldError || signal?.aborted) throw error;
      // The answer may be lost and the lease taken: another order would have to wait until it has run out.
      return take();
    });
    let isAsked = false;
    try {
      const spec = await this.#orders.give(target, executable, options, prepared, lease);
      options.beforeStart?.();
      isAsked = true;
      return await this.#create(spec, options);
    } catch (error) {
      // A manager that did not answer in time may have made the service that another one then finds in the way.
      if (error instanceof ContainerConflictError && isAsked) {
        const there = await this.#options.swarm.getStatus(target.name, { signal });
        if (there?.labels[LABEL.folder] === prepared.order) return there;
        await this.#undo(prepared.order, lease);
      } else if (!isAsked || provesAbsence(error)) {
        await this.#undo(prepared.order, lease);
      }
      // A service that may exist keeps its order: it begins, or its lease runs out.
      throw error;
    }
  }

  /** Does the slow work before the lease is taken. */
  async #prepare(executable: Executable, signal: AbortSignal | undefined): Promise<PreparedStart> {
    const { config, images, code, secrets, users, swarm } = this.#options;
    const name = imageOf(executable, config.images);
    const [image, ordered, user] = await Promise.all([
      images.pinned(name),
      code.fetchAndExtract(executable, ({ tree, script, loader }) =>
        Promise.resolve({
          key: executable.filePath,
          sha256: tree.sha256,
          ...(script !== undefined && { script }),
          ...(loader !== undefined && { loader }),
        }), { ...(signal && { signal }) }),
      users.ownerOf(botUserKey(config.instance, executable.id), signal),
      executable.secrets && secrets.resolve(executable.secrets, { signal }),
    ]);
    const known = executable.entrypointFiles[executable.entrypoint] === undefined && !executable.command
      ? await swarm.inspectImage(name, { signal })
      : undefined;
    return {
      order: newOrderId(),
      image,
      code: ordered,
      user,
      ...(known && { program: { command: known.command } }),
    };
  }

  async #create(spec: SwarmContainerSpec, { signal }: StartContainerOptions): Promise<ContainerInfo> {
    const { configs, swarm } = this.#options;
    try {
      return await swarm.create(spec, { signal });
    } catch (error) {
      // Another Berth may have removed a config that it does not use.
      if (!(error instanceof EngineError) || !/config/i.test(error.message)) throw error;
      return await swarm.create({ ...spec, configs: await configs.ensureAgain(spec.configs) }, { signal });
    }
  }

  async #undo(order: string, lease: HeldLease): Promise<void> {
    const { remover, leases } = this.#options;
    try {
      await remover.discardOrder(order);
      await leases.release(lease);
    } catch (error) {
      this.#log.warn("start not undone yet: its lease runs out", { order, error });
    }
  }
}

/** Whether a start that failed with this error has certainly left no service: the Swarm has refused to make it. */
function provesAbsence(error: unknown): boolean {
  return error instanceof EngineError && error.status >= 400 && error.status < 500;
}
