/**
 * Creates the parts that build dependencies.
 *
 * @module
 */

import { maxArchiveBytes } from "../archive/archive_limits.ts";
import { CodeCache } from "../code/code_cache.ts";
import { CodeTrees } from "../code/code_trees.ts";
import type { BuildEngine, BuilderFiles } from "../dependencies/builder_files.ts";
import { Dependencies } from "../dependencies/dependencies.ts";
import { DependencyBuilder } from "../dependencies/dependency_builder.ts";
import { DependencyStore } from "../dependencies/dependency_store.ts";
import { DependencyTrees } from "../dependencies/dependency_trees.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import type { FileOwner } from "../util/files.ts";
import type { ContainerOwnership } from "./container_ownership.ts";
import type { CodeParts } from "./create_code_parts.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";

/** The parts that build dependencies and keep them extracted. */
export interface DependencyParts {
  /** The extracted archives. */
  readonly extracted: CodeTrees;
  /** Provides built dependencies as folders. */
  readonly dependencyTrees: DependencyTrees;
}

/**
 * Creates the parts that provide built archives as folders of this host.
 *
 * @param config The configuration.
 * @param parts The object store that has them, and the parts for code.
 */
export function createDependencyParts(
  config: DockerRunnerConfig,
  { store, folder, extractor, workspaces }:
    & { readonly store: ObjectStore }
    & Pick<CodeParts, "folder" | "extractor" | "workspaces">,
): DependencyParts {
  const cache = new CodeCache({
    store,
    folder: `${folder}/dependency-cache`,
    maxBytes: config.codeCacheBytes,
    maxArchiveBytes: maxArchiveBytes(config.archiveLimits),
  });
  const extracted = new CodeTrees({
    folder: `${folder}/dependencies`,
    extractor,
    limits: config.archiveLimits,
    maxBytes: config.codeCacheBytes,
    inUse: () => workspaces.held("libraries", "scripts"),
  });
  const dependencyTrees = new DependencyTrees({ cache, trees: extracted, bucket: config.buckets.code });
  return { extracted, dependencyTrees };
}

/** Parts of the builds. */
export interface CreateDependenciesOptions
  extends Pick<CodeParts, "code" | "workspaces">, Pick<DependencyParts, "dependencyTrees"> {
  /** The configuration. */
  readonly config: DockerRunnerConfig;
  /** Chooses the engine of a build. */
  readonly engine: (signal?: AbortSignal) => Promise<BuildEngine>;
  /** Gives builders their files. */
  readonly files: BuilderFiles;
  /** User that builders run as. */
  readonly user: FileOwner;
  /** Holds the builds. */
  readonly dependencyStore: ObjectStore;
  /** Gives builders their labels. */
  readonly ownership: ContainerOwnership;
  /** Removes the folder of a build; never rejects. @param name Its name. @param image An image with a shell. */
  readonly discard: (name: string, image: string) => Promise<void>;
}

/**
 * Creates the builds of one runner.
 *
 * @param options The runner's parts.
 */
export function createDependencies(options: CreateDependenciesOptions): Dependencies {
  const { config, dependencyStore, dependencyTrees, ownership } = options;
  return new Dependencies({
    ...options,
    images: config.images,
    trees: dependencyTrees,
    store: new DependencyStore(dependencyStore, config.buckets.code),
    builder: new DependencyBuilder({
      ...options,
      ownLabels: () => ownership.ownLabels,
      settings: config.builds,
    }),
  });
}
