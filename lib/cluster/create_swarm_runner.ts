/**
 * Creates the runner on a Docker Swarm from a configuration.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { SentBuilderFiles } from "../dependencies/sent_builder_files.ts";
import { connectEngine } from "../engine/docker/connect_docker.ts";
import { DockerodeOrchestrator } from "../engine/docker/dockerode_orchestrator.ts";
import { loginsOf } from "../engine/docker/registry_credentials.ts";
import { LABEL } from "../engine/labels.ts";
import { SwarmOrchestrator } from "../engine/swarm/swarm_orchestrator.ts";
import { EngineError, InvalidConfigError, messageOf } from "../errors.ts";
import type { LogListener } from "../logs/log_listener.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { exposedUrls } from "../runner/cluster_config.ts";
import { containerName } from "../runner/container_name.ts";
import { ContainerOwnership } from "../runner/container_ownership.ts";
import { ContainerStopper } from "../runner/container_stopper.ts";
import { createClusterUsers } from "../runner/create_bot_users.ts";
import { createCodeParts } from "../runner/create_code_parts.ts";
import { createDependencies, createDependencyParts } from "../runner/create_dependencies.ts";
import { createLogCollector } from "../runner/create_log_collector.ts";
import type { DockerRunnerConfig } from "../runner/docker_runner_config.ts";
import { ExecutableHashes } from "../runner/executable_hashes.ts";
import { ExitedContainers } from "../runner/exited_containers.ts";
import { OwnContainers } from "../runner/own_containers.ts";
import { RunCollector } from "../runner/run_collector.ts";
import type { Runner } from "../runner/runner.ts";
import { RunnerLogs } from "../runner/runner_logs.ts";
import type { RunnerMeter } from "../runner/runner_meter.ts";
import { ContainerSecrets } from "../secrets/container_secrets.ts";
import { SecretFolders } from "../secrets/secret_folders.ts";
import type { SecretResolver } from "../secrets/secret_resolver.ts";
import { UNPRIVILEGED } from "../users/bot_users.ts";
import { BUILDER_MARGIN_MS, ClusterBuilders } from "./cluster_builders.ts";
import { ClusterContainers } from "./cluster_containers.ts";
import { ClusterImages } from "./cluster_images.ts";
import type { ClusterLeases } from "./cluster_leases.ts";
import { ClusterNodes } from "./cluster_nodes.ts";
import { ClusterPlacement } from "./cluster_placement.ts";
import { ClusterRemover } from "./cluster_remover.ts";
import { ClusterStarter } from "./cluster_starter.ts";
import { leaseOf } from "./lease_key.ts";
import { NodePrograms } from "./node_programs.ts";
import { CA_FILE, MISSING_EXIT_CODE, START_FILE } from "./supervisor/supervisor_files.ts";
import type { SupervisorProgram } from "./supervisor/supervisor_program.ts";
import { SupervisorConfigs } from "./supervisor_configs.ts";
import type { SupervisorLink } from "./supervisor_link.ts";
import { serviceName } from "./service_name.ts";
import { SwarmRunner } from "./swarm_runner.ts";
import type { WorkOrders } from "./work_orders.ts";

/** Options of {@linkcode createSwarmRunner}. */
export interface CreateSwarmRunnerOptions {
  /** The configuration; has `cluster`. */
  readonly config: DockerRunnerConfig;
  /** Holds code, results and logs. */
  readonly store: ObjectStore;
  /** The leases of bots and runs. */
  readonly leases: ClusterLeases;
  /** The orders that supervisors take up. */
  readonly orders: WorkOrders;
  /** Reaches the supervisors. */
  readonly link: SupervisorLink;
  /** Reads secrets. */
  readonly secrets: SecretResolver;
  /** The program that runs a bot in its container. */
  readonly program: SupervisorProgram;
  /** Whether to store the output of the containers. @default {false} */
  readonly collectLogs?: boolean;
  /** Takes measurements. @default {nothing is measured} */
  readonly meter?: RunnerMeter;
  /** Types of metrics that are kept of every bot. @default {none} */
  readonly keptMetrics?: readonly string[];
  /** Receives the lines that are stored. @default {none} */
  readonly logListener?: LogListener;
}

/**
 * Creates a runner on the Swarm that a configuration names. It connects with its first call.
 *
 * @param options See {@linkcode CreateSwarmRunnerOptions}.
 * @returns The runner. Close it when you are done; containers that it started keep running.
 * @throws {InvalidConfigError} If the configuration names no Swarm, or a file for TLS cannot be read.
 */
export function createSwarmRunner(options: CreateSwarmRunnerOptions): Runner {
  const { config, store, leases, orders, link, meter } = options;
  if (!config.cluster) throw new InvalidConfigError([{ path: "RUNNER", message: "must be swarm" }]);
  const { managers, tls, berthCaFile } = config.cluster;
  const exposed = exposedUrls(config.cluster);
  if (exposed.length > 0) {
    getLogger(["berth", "runner"]).warn(
      "bots get their secrets and code in plain text: let BERTH_URLS begin with https://, or be in a private network",
      { addresses: exposed.join(", ") },
    );
  }
  const swarm = new SwarmOrchestrator(managers.map((address) => connectEngine(address, tls)), {
    labels: { [LABEL.managed]: "true", [LABEL.instance]: config.instance },
    logins: loginsOf(config.dockerConfigFile),
    ...(meter && { onCall: (...call) => meter.engineCalled(...call) }),
  });
  const uid = Deno.uid() ?? 0;
  const programs = new NodePrograms(options.program);
  const orchestrator = new ClusterContainers(swarm, link, (order, node) => programs.begun(order, node));
  const ownership = new ContainerOwnership(config.instance);
  const secrets = new ContainerSecrets(
    options.secrets,
    new SecretFolders({ ...config.secrets, instance: config.instance, uid }),
  );
  const users = createClusterUsers(config, swarm);
  const hashes = new ExecutableHashes(config, users.spec);
  const authority = berthCaFile === undefined ? [] : [{ path: CA_FILE, content: readAuthority(berthCaFile) }];
  const configs = new SupervisorConfigs(swarm.configs, [START_FILE, ...authority, ...programs.files]);
  const codeParts = createCodeParts(config, { store, orchestrator, uid });
  const builders = new ClusterBuilders({
    engines: managers.map((address) =>
      new DockerodeOrchestrator(connectEngine(address, tls), { logins: loginsOf(config.dockerConfigFile) })
    ),
    workspaces: codeParts.workspaces,
    ownership,
    timeoutMs: config.builds.timeoutMs,
  });
  const dependencies = createDependencies({
    ...codeParts,
    ...createDependencyParts(config, { ...codeParts, store }),
    config,
    engine: (signal) => builders.engine(signal),
    files: new SentBuilderFiles({
      secrets: options.secrets,
      maxBytes: config.builds.diskBytes,
      maxLifeMs: config.builds.timeoutMs + BUILDER_MARGIN_MS,
    }),
    user: UNPRIVILEGED,
    dependencyStore: store,
    ownership,
    discard: (name) => builders.discard(name),
  });
  const logs = options.collectLogs
    ? createLogCollector(config, {
      ...options,
      orchestrator: { ...readingOf(orchestrator), attach: refuseAttach },
      secrets,
      mode: "non-blocking",
    })
    : undefined;
  const containers = new OwnContainers({
    orchestrator,
    ownership,
    // To search for labels, a manager copies all of its services and tasks.
    namesOf: (kind, id, slots) => {
      const nameOf = (slot?: string) => serviceName(containerName(config.instance, kind, id, slot));
      return kind === "bot" ? [nameOf()] : slots?.map(nameOf);
    },
    haveSecretsChanged: async ({ phase, labels }) => {
      const order = labels[LABEL.folder];
      if (phase !== "running" || order === undefined || !(LABEL.secrets in labels)) return false;
      return (await link.session(order))?.haveSecretsChanged ?? false;
    },
    goneInMs: async ({ labels }) => {
      const lease = leaseOf(labels);
      return lease && ((await leases.find(lease.key))?.aliveMs ?? 0);
    },
  });
  const placement = new ClusterPlacement(swarm, link);
  const remover = new ClusterRemover({
    orchestrator,
    tokens: swarm.secrets,
    configs,
    orders,
    leases,
    ownership,
    onEnded: async ({ exitCode, labels, nodeName }, signal) => {
      if (exitCode === MISSING_EXIT_CODE && nodeName !== undefined) programs.missing(nodeName);
      const [kind, id, order] = [labels[LABEL.kind], labels[LABEL.id], labels[LABEL.folder]];
      if (kind === undefined || id === undefined || order === undefined) return;
      const end = (await link.session(order, { signal }))?.end;
      const couldWork = end?.cause === "exited" || end?.cause === "stopped";
      placement.avoid(kind, id, couldWork ? undefined : nodeName);
    },
  });
  const exited = new ExitedContainers({
    orchestrator: readingOf(orchestrator),
    remover,
    ...(logs && { logs }),
  });
  return new SwarmRunner({
    ...codeParts,
    config,
    dependencies,
    builders,
    orchestrator,
    ownership,
    containers,
    secrets,
    logs,
    remover,
    exited,
    nodes: new ClusterNodes(swarm, ownership),
    connection: swarm,
    stopper: new ContainerStopper({
      config,
      orchestrator,
      containers,
      exited,
      secrets,
      ...(logs && { logs }),
      tellReason: async ({ labels }, reason) => {
        const order = labels[LABEL.folder];
        // A bot that does not get the reason is stopped all the same.
        if (order !== undefined) await link.tellStop(order, reason).catch(() => {});
      },
    }),
    collector: new RunCollector({ orchestrator, secrets, store, bucket: config.buckets.results }),
    runnerLogs: new RunnerLogs({
      orchestrator,
      store,
      bucket: config.buckets.logs,
      logs,
      secrets,
      ownership,
      containers,
    }),
    starter: new ClusterStarter({
      ...codeParts,
      config,
      swarm,
      images: new ClusterImages(orchestrator),
      leases,
      orders,
      placement,
      configs,
      programs,
      authority,
      secrets: options.secrets,
      users,
      hashes,
      ownership,
      containers,
      remover,
      meter,
    }),
  });
}

function readAuthority(path: string): Uint8Array {
  let text = "";
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    const message = `must name a file that Berth can read: ${messageOf(error)}`;
    throw new InvalidConfigError([{ path: "BERTH_CA", message }]);
  }
  if (text.includes("-----BEGIN CERTIFICATE-----")) return new TextEncoder().encode(text);
  throw new InvalidConfigError([{
    path: "BERTH_CA",
    message: `must name a PEM file with certificates; '${path}' has none`,
  }]);
}

function readingOf(orchestrator: ClusterContainers): Pick<ClusterContainers, "getStatus" | "readLog"> {
  return {
    getStatus: (container, options) => orchestrator.getStatus(container, options),
    readLog: (container, options) => orchestrator.readLog(container, options),
  };
}

/** Back-pressure attaches, and needs the container's own engine. */
function refuseAttach(container: string): never {
  throw new EngineError(`Cannot attach to '${container}': a Swarm has no such call.`, 501);
}
