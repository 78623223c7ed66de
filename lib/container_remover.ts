/**
 * Removes containers together with their private folders.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { ContainerBuilder } from "./container_builder.ts";
import type { ContainerInfo, ContainerOrchestrator } from "./container_orchestrator.ts";
import { LABEL } from "./labels.ts";
import type { PrivateFolders } from "./private_folders.ts";

/** What a {@linkcode ContainerRemover} needs. */
export interface ContainerRemoverOptions {
  /** The engine. */
  readonly orchestrator: ContainerOrchestrator;
  /** The private folders. */
  readonly folders: PrivateFolders;
  /** Labels that every container of this instance carries. */
  readonly ownLabels: Readonly<Record<string, string>>;
}

/** Removes containers and folders of one instance, so that nothing is left of either. */
export class ContainerRemover {
  readonly #options: ContainerRemoverOptions;
  readonly #log = getLogger(["berth", "runner"]);

  /**
   * Makes one; nothing is read or dialled yet.
   *
   * @param options See {@linkcode ContainerRemoverOptions}.
   */
  constructor(options: ContainerRemoverOptions) {
    this.#options = options;
  }

  /**
   * Removes a container, running or not, then its folder.
   *
   * @param info What the engine knows of it.
   * @param signal Gives up.
   */
  async remove(info: ContainerInfo, signal?: AbortSignal): Promise<void> {
    await this.#options.orchestrator.remove(info.id, { ...(signal && { signal }) });
    const folder = info.labels[LABEL.folder];
    if (folder) await this.removeFolder(folder, info.image);
  }

  /**
   * Removes a folder. Where a bot that ran as another user left files that Berth may not remove, a container
   * with the right to do so does it.
   *
   * @param folder Name of the folder.
   * @param image An image with a shell that is on the engine.
   */
  removeFolder(folder: string, image: string): Promise<void> {
    const { orchestrator, folders, ownLabels } = this.#options;
    return folders.remove(folder, async (parent, name) => {
      const spec = new ContainerBuilder(`berth-cleanup-${name}`, image)
        .withLabels({ ...ownLabels, [LABEL.kind]: "cleanup" })
        .withCommand(["/bin/sh", "-c", 'rm -rf -- "/folders/$0"', name])
        .withBinds([{ source: parent, target: "/folders" }])
        .withSecurity({ user: "0:0", capabilities: ["DAC_OVERRIDE", "FOWNER"], allowNewPrivileges: false })
        .withNetwork("none")
        .build();
      const { id } = await orchestrator.runAndWait(spec);
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
      this.#options.folders.release(folder);
      this.#log.warn("private folder not removed yet", { folder, error });
    }
  }

  /**
   * Removes what a killed process or engine left: containers that were created and never started, helpers,
   * and folders that no container names.
   *
   * @param image An image with a shell, for folders that Berth may not remove itself.
   * @param signal Gives up.
   * @returns Names of what was removed.
   */
  async removeOrphans(image: string, signal?: AbortSignal): Promise<string[]> {
    const { orchestrator, folders, ownLabels } = this.#options;
    const options = { ...(signal && { signal }) };
    const containers = await orchestrator.listContainers({ ...options, labels: ownLabels });
    const isOrphan = ({ phase, labels }: ContainerInfo) =>
      labels[LABEL.kind] === "cleanup" ||
      (phase === "pending" && !folders.isReserved(labels[LABEL.folder] ?? ""));
    const removed: string[] = [];
    for (const info of containers.filter(isOrphan)) {
      await this.remove(info, signal);
      removed.push(info.name);
    }
    const named = new Set(containers.map(({ labels }) => labels[LABEL.folder] ?? ""));
    for (const folder of await folders.orphans(named)) {
      await this.removeFolder(folder, image);
      removed.push(folder);
    }
    return removed;
  }
}
