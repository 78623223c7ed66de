/**
 * Creates a runner from a configuration.
 *
 * @module
 */

import { connectDocker } from "../engine/docker/connect_docker.ts";
import { DockerodeOrchestrator } from "../engine/docker/dockerode_orchestrator.ts";
import { loginsOf } from "../engine/docker/registry_credentials.ts";
import { BytecodeLayers } from "../code/bytecode_layers.ts";
import { LABEL } from "../engine/labels.ts";
import { CodeWatch } from "../code/code_watch.ts";
import { CodeViews } from "../code/code_views.ts";
import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { createCodeParts } from "./create_code_parts.ts";
import { createDependencyParts } from "./create_dependencies.ts";
import { createLogCollector } from "./create_log_collector.ts";
import { createBotUsers } from "./create_bot_users.ts";
import { createObjectStore } from "./create_object_store.ts";
import { EngineHelper } from "./engine_helper.ts";
import { engineMeter } from "./engine_meter.ts";
import { DiskWatch } from "./disk_watch.ts";
import { DockerRunner } from "./docker_runner.ts";
import { UNPRIVILEGED } from "../users/bot_users.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import { parseDockerRunnerConfig } from "./parse_docker_runner_config.ts";
import { createBotStates, stateMeter, StateSource } from "./state_source.ts";
import type { LogListener } from "../logs/log_listener.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import type { Runner } from "./runner.ts";
import type { RunnerMeter } from "./runner_meter.ts";
import { ContainerSecrets } from "../secrets/container_secrets.ts";
import { createSecretResolver } from "../secrets/create_secret_resolver.ts";
import { SecretFolders } from "../secrets/secret_folders.ts";
import { SecretSource } from "./secret_source.ts";
import { ScriptManager } from "../executable/script_manager.ts";
import { UserFiles } from "../users/user_files.ts";

/** Options of {@linkcode createDockerRunner}. */
export interface CreateDockerRunnerOptions {
  /** The configuration. @default {parseDockerRunnerConfig({})} */
  readonly config?: DockerRunnerConfig;
  /** Holds code, results and logs. @default {the store that the configuration names} */
  readonly store?: ObjectStore;
  /** Holds the builds for code. @default {the same as `store`} */
  readonly dependencyStore?: ObjectStore;
  /** Whether to store the output of the containers in the bucket of the logs. @default {false} */
  readonly collectLogs?: boolean;
  /** Takes measurements. @default {nothing is measured} */
  readonly meter?: RunnerMeter;
  /** Types of metrics that are kept of every bot, however many others it prints. @default {none} */
  readonly keptMetrics?: readonly string[];
  /** Sees the lines that are stored. @default {nobody does} */
  readonly logListener?: LogListener;
  /** Whether to compile large code ahead, so that a later start imports it faster. @default {true} */
  readonly compileAhead?: boolean;
}

/**
 * Creates a runner on the Docker Engine of this machine. It connects with its first call.
 *
 * @param options See {@linkcode CreateDockerRunnerOptions}.
 * @returns The runner. Close it when you are done; containers that it started keep running.
 * @throws {InvalidConfigError} If the engine's address is not that of a local socket.
 *
 * @example Run a backtest and read its result
 * ```ts
 * import { createDockerRunner, parseExecutable } from "@berth/runner";
 *
 * async function backtest(): Promise<string | undefined> {
 *   await using runner = createDockerRunner();
 *   const result = await runner.startContainer(parseExecutable({
 *     id: "my-test",
 *     entrypoint: "backtest",
 *     entrypointFiles: { backtest: "backtest.py" },
 *     filePath: "me/my-bot/1.0.0",
 *   }));
 *   return result.status === "success" ? new TextDecoder().decode(result.result) : undefined;
 * }
 * ```
 */
export function createDockerRunner(options: CreateDockerRunnerOptions = {}): Runner {
  const config = options.config ?? parseDockerRunnerConfig({});
  const { meter } = options;
  const orchestrator = new DockerodeOrchestrator(connectDocker(config.dockerHost), {
    turns: { start: config.startConcurrency },
    logins: loginsOf(config.dockerConfigFile),
    ...(meter && { onCall: (...call) => meter.engineCalled(...call) }),
  });
  return assembleDockerRunner({ ...options, config, orchestrator });
}

/**
 * Assembles a runner on a given engine.
 *
 * @param options The configuration, the engine, and what {@linkcode CreateDockerRunnerOptions} allows.
 */
export function assembleDockerRunner(
  { config, orchestrator, ...options }: CreateDockerRunnerOptions & {
    readonly config: DockerRunnerConfig;
    readonly orchestrator: ContainerOrchestrator;
  },
): Runner {
  const store = options.store ?? createObjectStore(config);
  const { meter } = options;
  const user = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
  const codeParts = createCodeParts(config, { store, orchestrator, uid: user.uid });
  const { folder, trees, workspaces } = codeParts;
  const dependencyStore = options.dependencyStore ?? store;
  const { extracted, dependencyTrees } = createDependencyParts(config, {
    ...codeParts,
    store: dependencyStore,
  });
  const secrets = new ContainerSecrets(
    createSecretResolver(config.secrets, config.dataDir),
    new SecretFolders({ ...config.secrets, instance: config.instance, uid: user.uid }),
  );
  const ownLabels = { [LABEL.managed]: "true", [LABEL.instance]: config.instance };
  const bytecode = new BytecodeLayers({
    orchestrator,
    ownLabels,
    user: user.uid === 0 ? UNPRIVILEGED : user,
    donors: () => trees.recent(),
  });
  const logs = createLogCollector(config, { ...options, orchestrator, store, secrets });
  const helper = new EngineHelper({ orchestrator, ownLabels, images: Object.values(config.images) });
  const measure = engineMeter(helper);
  const states = createBotStates(config, { orchestrator, store, uid: user.uid, ownLabels, helper, measure });
  const { diskBytes } = config.resources;
  const disk = new DiskWatch({
    orchestrator,
    labels: ownLabels,
    workspaces,
    tempDir: config.tempDir,
    ...(diskBytes !== undefined && { limitBytes: diskBytes }),
    states: stateMeter(states),
    measure,
    graceSeconds: config.stopGraceSeconds,
    ...(options.collectLogs && { onStop: (containerId: string) => logs.releaseBackpressure(containerId) }),
  });
  return new DockerRunner({
    config,
    store,
    orchestrator,
    logs: options.collectLogs ? logs : undefined,
    disk,
    ...(meter && { meter }),
    dependencyStore,
    dependencyTrees,
    ...codeParts,
    scripts: new ScriptManager(`${folder}/scripts`),
    views: new CodeViews(user.uid === 0),
    bytecode: options.compileAhead === false ? undefined : bytecode,
    watch: new CodeWatch({ root: folder, workspaces, trees, dependencies: extracted }),
    states,
    sources: [
      new UserFiles(`${folder}/users`),
      new SecretSource(secrets),
      new StateSource(states, config, user.uid === 0),
    ],
    secrets,
    measure,
    user,
    users: createBotUsers(config, orchestrator, user),
  });
}
