/**
 * Creates the parts that fetch and check the code of bots.
 *
 * @module
 */

import { ExtractionPool } from "../archive/extraction_pool.ts";
import { maxArchiveBytes } from "../archive/archive_limits.ts";
import { CodeCache } from "../code/code_cache.ts";
import { CodeManager } from "../code/code_manager.ts";
import { CodeTrees } from "../code/code_trees.ts";
import { Workspaces } from "../code/workspaces.ts";
import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { ensureInstanceDir } from "../util/temp_dir.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";

/** The parts that fetch and check code, in the folder of one instance. */
export interface CodeParts {
  /** The folder. */
  readonly folder: string;
  /** Extracts archives. */
  readonly extractor: ExtractionPool;
  /** Folders of the containers on this host. */
  readonly workspaces: Workspaces;
  /** Extracted archives. */
  readonly trees: CodeTrees;
  /** Fetches, checks and extracts code. */
  readonly code: CodeManager;
}

/**
 * Creates the parts.
 *
 * @param config The configuration.
 * @param parts The object store, the engine whose platform programs must fit, and the user that this process runs as.
 */
export function createCodeParts(
  config: DockerRunnerConfig,
  { store, orchestrator, uid }: {
    readonly store: ObjectStore;
    readonly orchestrator: Pick<ContainerOrchestrator, "info">;
    readonly uid: number;
  },
): CodeParts {
  const folder = `${config.tempDir}/${config.instance}`;
  const extractor = new ExtractionPool();
  const cache = new CodeCache({
    store,
    folder: `${folder}/cache`,
    maxBytes: config.codeCacheBytes,
    maxArchiveBytes: maxArchiveBytes(config.archiveLimits),
  });
  const workspaces = new Workspaces(
    `${folder}/containers`,
    () => ensureInstanceDir(config.tempDir, config.instance, uid),
  );
  const trees = new CodeTrees({
    folder: `${folder}/trees`,
    extractor,
    limits: config.archiveLimits,
    maxBytes: config.codeCacheBytes,
    inUse: () => workspaces.held("tree"),
  });
  const code = new CodeManager({
    cache,
    extractor,
    trees,
    bucket: config.buckets.code,
    platform: platformOf(orchestrator),
  });
  return { folder, extractor, workspaces, trees, code };
}

/** The platform of an engine stays the same, so it is asked for once. */
function platformOf(
  orchestrator: Pick<ContainerOrchestrator, "info">,
): (signal?: AbortSignal) => Promise<string> {
  let known: string | undefined;
  return async (signal) => known ??= (await orchestrator.info({ signal })).platform;
}
