/**
 * Removes containers together with their workspaces.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { ContainerBuilder } from "../executable/container_builder.ts";
import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { ContainerOwnership } from "./container_ownership.ts";
import { LABEL } from "../engine/labels.ts";
import type { Workspaces } from "../code/workspaces.ts";
import type { RemoveOrphansOptions } from "./runner.ts";

/**
 * Removes the folder that it is given the name of. The `rm` of small images gives up on paths longer than the
 * system's limit: the tree is then cut into slices, and removed slice by slice.
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

/** Kinds of containers that no process needs but the one that started them. */
const HELPERS: readonly string[] = ["cleanup", "compile"];

/** Options of {@linkcode ContainerRemover}. */
export interface ContainerRemoverOptions {
  /** The engine. */
  readonly orchestrator: ContainerOrchestrator;
  /** The workspaces. */
  readonly workspaces: Workspaces;
  /** Tells this instance's containers from others. */
  readonly ownership: ContainerOwnership;
}

/** Removes containers and folders of one instance, so that nothing is left of either. */
export class ContainerRemover {
  readonly #options: ContainerRemoverOptions;
  readonly #log = getLogger(["berth", "runner"]);

  /** @param options See {@linkcode ContainerRemoverOptions}. */
  constructor(options: ContainerRemoverOptions) {
    this.#options = options;
  }

  /**
   * Removes a container, running or not, then its folder.
   *
   * @param info What the engine knows of it.
   */
  async remove(info: ContainerInfo, signal?: AbortSignal): Promise<void> {
    await this.#options.orchestrator.remove(info.id, { signal });
    const folder = info.labels[LABEL.folder];
    // The folder of a bot that another instance started is in that instance's place, which clears it up at its start.
    const isOfInstance = info.labels[LABEL.instance] === this.#options.ownership.ownLabels[LABEL.instance];
    if (folder && isOfInstance) await this.removeFolder(folder, info.image, signal);
  }

  /**
   * Removes a folder. Where a bot that ran as another user left files that Berth may not remove, a container
   * with the right to do so does it.
   *
   * @param folder Name of the folder.
   * @param image An image with a shell that is on the engine.
   */
  removeFolder(folder: string, image: string, signal?: AbortSignal): Promise<void> {
    const { orchestrator, workspaces, ownership } = this.#options;
    return workspaces.remove(folder, async (parent, name) => {
      const spec = new ContainerBuilder(`berth-cleanup-${name}`, image)
        .withLabels({ ...ownership.ownLabels, [LABEL.kind]: "cleanup", [LABEL.folder]: name })
        .withCommand(["/bin/sh", "-c", REMOVE, name])
        .withBinds([{ source: parent, target: "/folders" }])
        .withSecurity({ user: "0:0", capabilities: ["DAC_OVERRIDE", "FOWNER"], allowNewPrivileges: false })
        .withNetwork("none")
        .build();
      const { id } = await orchestrator.runAndWait(spec, { signal });
      await orchestrator.remove(id);
    });
  }

  /**
   * {@linkcode removeFolder} on the way out of a failure: what goes wrong here must not hide what went wrong
   * there. A folder that stays is an orphan, and goes with the next {@linkcode removeOrphans}.
   *
   * @param folder Name of the folder.
   * @param image An image with a shell that is on the engine.
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
   * Removes what a killed process or engine left: containers that were created and never started, helpers,
   * and folders that no container names. What cannot be removed is told in the log, and stays for the next time.
   *
   * @param image An image with a shell, for folders that Berth may not remove itself.
   * @param options Gives up; and what the leftovers were made for, where not all are meant.
   * @returns Names of what was removed.
   */
  async removeOrphans(image: string, { signal, kinds }: RemoveOrphansOptions = {}): Promise<string[]> {
    const { orchestrator, workspaces, ownership } = this.#options;
    // A folder's name begins with what it was made for.
    const isMeant = (name = "") => !kinds || kinds.some((kind) => name.startsWith(`${kind}-`));
    // Read before the containers: a folder that is idle now and named by none of them will never be named.
    const idle = (await workspaces.idle()).filter(isMeant);
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

  /** A start or a removal that is under way has its folder reserved. */
  async #removeIfOrphan(info: ContainerInfo, signal?: AbortSignal): Promise<boolean> {
    const isCandidate = HELPERS.includes(info.labels[LABEL.kind] ?? "") || info.phase === "pending";
    if (!isCandidate || this.#options.workspaces.isReserved(info.labels[LABEL.folder] ?? "")) return false;
    // The list may be older than the end of its start: what is reserved no more and pending still is left over.
    const now = await this.#options.orchestrator.getStatus(info.id, { signal });
    if (!now || (info.phase === "pending" && now.phase !== "pending")) return false;
    await this.remove(now, signal);
    return true;
  }
}
