/**
 * The parts of a runner on one Docker Engine.
 *
 * @module
 */

import type { ExtractionPool } from "../archive/extraction_pool.ts";
import type { BytecodeLayers } from "../code/bytecode_layers.ts";
import type { CodeManager } from "../code/code_manager.ts";
import type { CodeViews } from "../code/code_views.ts";
import type { CodeWatch } from "../code/code_watch.ts";
import type { Workspaces } from "../code/workspaces.ts";
import type { DependencyTrees } from "../dependencies/dependency_trees.ts";
import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { StartSource } from "../executable/start_source.ts";
import type { ScriptManager } from "../executable/script_manager.ts";
import type { LogCollector } from "../logs/log_collector.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import type { ContainerSecrets } from "../secrets/container_secrets.ts";
import type { BotUsers } from "../users/bot_users.ts";
import type { BotStates } from "../state/bot_states.ts";
import type { FileOwner } from "../util/files.ts";
import type { DiskWatch } from "./disk_watch.ts";
import type { MeasureTree } from "./engine_meter.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import type { RunnerMeter } from "./runner_meter.ts";

/** Parts of a `DockerRunner`. `createDockerRunner` makes them from a configuration. */
export interface DockerRunnerParts {
  /** The configuration. */
  readonly config: DockerRunnerConfig;
  /** The engine. Closed with the runner. */
  readonly orchestrator: ContainerOrchestrator;
  /** Keeps results. */
  readonly store: ObjectStore;
  /** Fetches and extracts code. */
  readonly code: CodeManager;
  /** Extracts archives. Closed with the runner. */
  readonly extractor: ExtractionPool;
  /** Keeps the builds for code. */
  readonly dependencyStore: ObjectStore;
  /** Provides the builds for code. */
  readonly dependencyTrees: DependencyTrees;
  /** Writes the runner's own files. */
  readonly scripts: ScriptManager;
  /** Makes code visible to one container. */
  readonly views: CodeViews;
  /** Compiles code ahead of a start. Closed with the runner. @default {code is not compiled ahead} */
  readonly bytecode?: BytecodeLayers;
  /** Notices damage to the code of running containers. Closed with the runner. */
  readonly watch: CodeWatch;
  /** Folders of the containers. */
  readonly workspaces: Workspaces;
  /** User that this process runs as. */
  readonly user: FileOwner;
  /** Prepare what a container needs besides its code. */
  readonly sources: readonly StartSource[];
  /** The secrets of the containers. Closed with the runner. */
  readonly secrets: ContainerSecrets;
  /** Measures folders. */
  readonly measure: MeasureTree;
  /** Users that bots run as. */
  readonly users: BotUsers;
  /** Stops containers that write too much. Closed with the runner. @default {what they write is not bounded} */
  readonly disk?: DiskWatch;
  /** Keeps the states of bots. Closed with the runner. */
  readonly states: BotStates;
  /** Takes measurements. @default {nothing is measured} */
  readonly meter?: RunnerMeter;
  /** Stores the output of containers. Closed with the runner. @default {output is not stored} */
  readonly logs?: LogCollector;
}

/**
 * Closes the parts that are closed with the runner; a part that uses others is closed before them. @param parts The
 * parts.
 */
export async function closeParts(parts: DockerRunnerParts): Promise<void> {
  await parts.disk?.[Symbol.asyncDispose]();
  await parts.states[Symbol.asyncDispose]();
  await parts.logs?.close();
  await parts.bytecode?.[Symbol.asyncDispose]();
  await parts.watch[Symbol.asyncDispose]();
  await parts.extractor[Symbol.asyncDispose]();
  parts.secrets[Symbol.dispose]();
  await parts.orchestrator[Symbol.asyncDispose]();
}
