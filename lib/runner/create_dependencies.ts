/**
 * Puts the builds of dependencies together.
 *
 * @module
 */

import { Dependencies } from "../dependencies/dependencies.ts";
import { DependencyBuilder } from "../dependencies/dependency_builder.ts";
import { DependencyStore } from "../dependencies/dependency_store.ts";
import { UNPRIVILEGED } from "../users/bot_users.ts";
import type { ContainerOwnership } from "./container_ownership.ts";
import type { ContainerRemover } from "./container_remover.ts";
import type { DockerRunnerParts } from "./docker_runner_parts.ts";

/** Parts of the builds. */
export interface CreateDependenciesOptions extends
  Pick<
    DockerRunnerParts,
    | "config"
    | "orchestrator"
    | "dependencyStore"
    | "code"
    | "dependencyTrees"
    | "workspaces"
    | "user"
    | "secrets"
    | "measure"
  > {
  /** Gives builders their labels. */
  readonly ownership: ContainerOwnership;
  /** Removes the folders of builds. */
  readonly remover: ContainerRemover;
}

/**
 * Creates the builds of one runner.
 *
 * @param options The runner's parts.
 */
export function createDependencies(options: CreateDependenciesOptions): Dependencies {
  const {
    config,
    orchestrator,
    dependencyStore,
    code,
    dependencyTrees,
    workspaces,
    user,
    secrets,
    measure,
    ownership,
    remover,
  } = options;
  return new Dependencies({
    orchestrator,
    images: config.images,
    code,
    workspaces,
    trees: dependencyTrees,
    store: new DependencyStore(dependencyStore, config.buckets.code),
    builder: new DependencyBuilder({
      orchestrator,
      ownLabels: () => ownership.ownLabels,
      workspaces,
      user: user.uid === 0 ? UNPRIVILEGED : user,
      discard: (name, image) => remover.discardFolder(name, image),
      secrets,
      measure,
      settings: config.builds,
    }),
  });
}
