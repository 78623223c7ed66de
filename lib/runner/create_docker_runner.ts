/**
 * Puts a runner together from a configuration.
 *
 * @module
 */

import { connectDocker } from "../engine/docker/connect_docker.ts";
import { DockerodeOrchestrator } from "../engine/docker/dockerode_orchestrator.ts";
import { ArchiveExtractor } from "../archive/archive_extractor.ts";
import { maxArchiveBytes } from "../archive/archive_limits.ts";
import { CodeCache } from "../code/code_cache.ts";
import { BytecodeLayers } from "../code/bytecode_layers.ts";
import { LABEL } from "../engine/labels.ts";
import { CodeTrees } from "../code/code_trees.ts";
import { CodeWatch } from "../code/code_watch.ts";
import { CodeViews } from "../code/code_views.ts";
import { CodeManager } from "../code/code_manager.ts";
import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { createBotUsers } from "./create_bot_users.ts";
import { createObjectStore } from "./create_object_store.ts";
import { DockerRunner } from "./docker_runner.ts";
import { UNPRIVILEGED } from "../users/bot_users.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import { parseDockerRunnerConfig } from "./parse_docker_runner_config.ts";
import { LogCollector } from "../logs/log_collector.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { Workspaces } from "../code/workspaces.ts";
import { ScriptManager } from "../executable/script_manager.ts";
import { ensureInstanceDir } from "../util/temp_dir.ts";
import { UserFiles } from "../users/user_files.ts";

/** Options of {@linkcode createDockerRunner}. */
export interface CreateDockerRunnerOptions {
  /**
   * The configuration.
   *
   * @default {parseDockerRunnerConfig({})}
   */
  readonly config?: DockerRunnerConfig;
  /** Where code comes from and results go. @default {MinIO when it is configured, else a local folder} */
  readonly store?: ObjectStore;
  /** Whether what the containers print is stored in the bucket of the logs. @default {false} */
  readonly collectLogs?: boolean;
  /**
   * Whether large code is compiled ahead, so that a later start imports it faster. Of no use where there is none.
   *
   * @default {true}
   */
  readonly compileAhead?: boolean;
  /** The engine. @default {the one at `config.dockerHost`} */
  readonly orchestrator?: ContainerOrchestrator;
}

/**
 * Makes a runner. Nothing is dialled before its first call.
 *
 * @param options See {@linkcode CreateDockerRunnerOptions}.
 * @returns The runner. Close it when you are done; containers that it started go on running.
 * @throws {InvalidConfigError} when the engine's address cannot be used.
 */
export function createDockerRunner(options: CreateDockerRunnerOptions = {}): DockerRunner {
  const config = options.config ?? parseDockerRunnerConfig({});
  const store = options.store ?? createObjectStore(config);
  const extractor = new ArchiveExtractor();
  const user = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };
  const folder = `${config.tempDir}/${config.instance}`;
  const cache = new CodeCache({
    store,
    folder: `${folder}/cache`,
    maxBytes: config.codeCacheBytes,
    maxArchiveBytes: maxArchiveBytes(config.archiveLimits),
  });
  const workspaces = new Workspaces(
    `${folder}/containers`,
    () => ensureInstanceDir(config.tempDir, config.instance, user.uid),
  );
  const trees = new CodeTrees({
    folder: `${folder}/trees`,
    extractor,
    limits: config.archiveLimits,
    maxBytes: config.codeCacheBytes,
    inUse: () => workspaces.held(),
  });
  const orchestrator = options.orchestrator ?? new DockerodeOrchestrator(connectDocker(config.dockerHost));
  const bytecode = new BytecodeLayers({
    orchestrator,
    ownLabels: { [LABEL.managed]: "true", [LABEL.instance]: config.instance },
    user: user.uid === 0 ? UNPRIVILEGED : user,
    donors: () => trees.recent(),
  });
  const logs = new LogCollector({
    orchestrator,
    store,
    bucket: config.buckets.logs,
    intervalMs: config.logIntervalSeconds * 1000,
    retentionDays: config.logRetentionDays,
    spool: config.logs,
    mode: config.logMode,
    format: config.logFormat,
    // A part of what the engine keeps: there is time to read it.
    urgentBytes: Math.min(1024 ** 2, config.logs.maxSizeBytes / 8),
  });
  return new DockerRunner({
    config,
    store,
    orchestrator,
    ...(options.collectLogs && { logs }),
    code: new CodeManager({ cache, extractor, trees, bucket: config.buckets.code }),
    extractor,
    scripts: new ScriptManager(),
    views: new CodeViews(user.uid === 0),
    ...(options.compileAhead !== false && { bytecode }),
    watch: new CodeWatch({ root: folder, workspaces, trees }),
    workspaces,
    userFiles: new UserFiles(`${folder}/users`),
    user,
    users: createBotUsers(config, orchestrator, user),
  });
}
