/**
 * Removes containers together with their workspaces.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { ContainerBuilder } from "../executable/container_builder.ts";
import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { ContainerOwnership } from "./container_ownership.ts";
import { discardContainer } from "../engine/discard_container.ts";
import { LABEL } from "../engine/labels.ts";
import type { ContainerSecrets } from "../secrets/container_secrets.ts";
import type { Workspaces } from "../code/workspaces.ts";
import type { RemoveOrphansOptions } from "./runner.ts";

/**
 * Shell script that removes the folder named by `$0`. The `rm` of small images fails on paths longer than the system's
 * limit, so the script then cuts the tree into slices and removes them one by one.
 */
const REMOVE = `
cd /folders && rm -rf -- "$0" 2>/dev/null && exit
while mkdir -p "$0.deep"; do
  find "$0" -mindepth 15 -maxdepth 15 -type d -exec sh -c 'mv "$1" "$0/$$"' "$0.deep" {} \\;
  rm -rf -- "$0" || exit
  rmdir "$0.deep" 2>/dev/null && exit
  mv "$0.deep" "$0" || exit
done
`;

/** Kinds of helper containers, which only the process that started them needs. */
const HELPERS: readonly string[] = ["cleanup", "compile", "build", "links", "size"];

/** Options of {@linkcode ContainerRemover}. */
export interface ContainerRemoverOptions {
  /** The engine. */
  readonly orchestrator: ContainerOrchestrator;
  /** Folders of the containers. */
  readonly workspaces: Workspaces;
  /** The secrets of the containers. */
  readonly secrets: Pick<ContainerSecrets, "remove" | "names">;
  /** Tells this instance's containers from others. */
  readonly ownership: ContainerOwnership;
}

/** Removes the containers of one instance together with their workspaces. */
export class ContainerRemover {
  readonly #options: ContainerRemoverOptions;
  readonly #log = getLogger(["berth", "runner"]);

  /** @param options See {@linkcode ContainerRemoverOptions}. */
  constructor(options: ContainerRemoverOptions) {
    this.#options = options;
  }

  /**
   * Removes a container, running or not, then its workspace.
   *
   * @param info The container.
   */
  async remove(info: ContainerInfo, signal?: AbortSignal): Promise<void> {
    await this.#options.orchestrator.remove(info.id, { signal });
    const folder = info.labels[LABEL.folder];
    // The workspace of a bot that another instance started lies in that instance's folder; that instance removes it.
    const isOfInstance = info.labels[LABEL.instance] === this.#options.ownership.ownLabels[LABEL.instance];
    if (folder && isOfInstance) await this.removeFolder(folder, info.image, signal);
  }

  /**
   * Removes a workspace, and the secrets of its container. If Berth may not remove the files of the bot's user, a privileged container removes them.
   *
   * @param folder Name of the workspace.
   * @param image A present image with a shell.
   */
  async removeFolder(folder: string, image: string, signal?: AbortSignal): Promise<void> {
    const { orchestrator, workspaces, ownership, secrets } = this.#options;
    await secrets.remove(folder);
    await workspaces.remove(folder, async (parent, name) => {
      const spec = new ContainerBuilder(`berth-cleanup-${name}`, image)
        .withLabels({ ...ownership.ownLabels, [LABEL.kind]: "cleanup", [LABEL.folder]: name })
        .withCommand(["/bin/sh", "-c", REMOVE, name])
        .withBinds([{ source: parent, target: "/folders" }])
        .withSecurity({ user: "0:0", capabilities: ["DAC_OVERRIDE", "FOWNER"], allowNewPrivileges: false })
        .withNetwork("none")
        .build();
      await orchestrator.runAndWait(spec, { signal });
      await discardContainer(orchestrator, spec.name, { signal });
    });
  }

  /**
   * Removes a workspace after a failed start. Never rejects, so that the caller reports the first failure. A workspace
   * that stays is an orphan, and the next {@linkcode removeOrphans} removes it.
   *
   * @param folder Name of the workspace.
   * @param image A present image with a shell.
   */
  async discardFolder(folder: string, image: string): Promise<void> {
    try {
      await this.removeFolder(folder, image);
    } catch (error) {
      this.#options.workspaces.release(folder);
      this.#log.warn("workspace not removed yet", { folder, error });
    }
  }

  /**
   * Removes what a killed process or engine left behind: containers that were created and never started, helper
   * containers, and workspaces without a container. Logs what it cannot remove, and tries again at the next call.
   *
   * @param image An image with a shell, for workspaces that Berth may not remove itself.
   * @param options See {@linkcode RemoveOrphansOptions}.
   * @returns Names of the containers and workspaces that were removed.
   */
  async removeOrphans(image: string, { signal, kinds }: RemoveOrphansOptions = {}): Promise<string[]> {
    const { orchestrator, workspaces, ownership, secrets } = this.#options;
    // The name of a workspace begins with the kind of its container.
    const isMeant = (name = "") => !kinds || kinds.some((kind) => name.startsWith(`${kind}-`));
    // Listed before the containers: no later container can use a workspace that is idle now.
    const withSecrets = (await secrets.names()).filter((name) => !workspaces.isReserved(name));
    const idle = [...new Set([...await workspaces.idle(), ...withSecrets])].filter(isMeant);
    const labels = ownership.instanceLabels;
    const containers = await orchestrator.listContainers({ signal, labels });
    const named = new Set(containers.map(({ labels }) => labels[LABEL.folder]));
    const removed: string[] = [];
    const attempt = async (name: string, remove: () => Promise<boolean>) => {
      signal?.throwIfAborted();
      try {
        if (await remove()) removed.push(name);
      } catch (error) {
        signal?.throwIfAborted();
        this.#log.warn("leftover not removed yet", { name, error });
      }
    };
    for (const info of containers) {
      const isOwn = ownership.relationOf(info.labels) === "own" && isMeant(info.labels[LABEL.folder]);
      if (isOwn) await attempt(info.name, () => this.#removeIfOrphan(info, signal));
    }
    for (const folder of idle.filter((folder) => !named.has(folder))) {
      await attempt(folder, async () => {
        await this.removeFolder(folder, image, signal);
        return true;
      });
    }
    await orchestrator.removeUnusedVolumes(labels, { signal });
    return removed;
  }

  /** A start or removal in progress has reserved the workspace, so its container is not an orphan. */
  async #removeIfOrphan(info: ContainerInfo, signal?: AbortSignal): Promise<boolean> {
    const isCandidate = HELPERS.includes(info.labels[LABEL.kind] ?? "") || info.phase === "pending";
    if (!isCandidate || this.#options.workspaces.isReserved(info.labels[LABEL.folder] ?? "")) return false;
    // The container may have started since it was listed. If it is still pending and not reserved, it is left over.
    const now = await this.#options.orchestrator.getStatus(info.id, { signal });
    if (!now || (info.phase === "pending" && now.phase !== "pending")) return false;
    await this.remove(now, signal);
    return true;
  }
}
