/**
 * Looking for the containers of one runner, by their labels.
 *
 * @module
 */

import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import type { ContainerOwnership } from "./container_ownership.ts";
import { isSetAside } from "./exited_containers.ts";
import type { DiskUse } from "./disk_use.ts";
import { type ContainerKind, LABEL } from "../engine/labels.ts";
import { toManagedContainer } from "./managed_container.ts";
import {
  ALL_SEGMENTS,
  type ContainerHint,
  type FindContainersOptions,
  type ListManagedContainersOptions,
  type ManagedContainer,
  type RunnerCallOptions,
  type WatchContainersOptions,
} from "./runner.ts";

/** Events of the engine that end or pause a container. Starts are Berth's own, so they are no news. */
const CHANGES: readonly string[] = ["die", "destroy", "pause", "unpause"];

/** Parts of {@linkcode OwnContainers}. */
export interface OwnContainersOptions {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "getStatus" | "listContainers" | "watch">;
  /** Tells the runner's containers from others. */
  readonly ownership: ContainerOwnership;
  /** Whether files of a container's code were removed from under it; asked of this instance's containers. */
  readonly isCodeLost?: (info: ContainerInfo) => Promise<boolean>;
  /** What a container had written when it was stopped for that; `undefined` for any other. @default {none was} */
  readonly diskUseOf?: (containerId: string) => DiskUse | undefined;
}

/** Finds and lists containers. Names say nothing here: they can be changed by hand. */
export class OwnContainers {
  readonly #options: OwnContainersOptions;

  /** @param options See {@linkcode OwnContainersOptions}. */
  constructor(options: OwnContainersOptions) {
    this.#options = options;
  }

  /**
   * Asks the engine about one container.
   *
   * @param container Its id or name.
   * @param options The signal that gives up.
   * @returns `undefined` when there is none, or it is not the runner's own.
   */
  async get(container: string, { signal }: RunnerCallOptions = {}): Promise<ContainerInfo | undefined> {
    const info = await this.#options.orchestrator.getStatus(container, { signal });
    return info && this.ifOwn(info);
  }

  /**
   * Keeps the runner's own containers.
   *
   * @param info What the engine knows of a container.
   * @returns `undefined` when it is not the runner's own.
   */
  ifOwn(info: ContainerInfo): ContainerInfo | undefined {
    return this.#options.ownership.relationOf(info.labels) === "own" ? info : undefined;
  }

  /**
   * Finds the containers of an id.
   *
   * @param kind What they are for.
   * @param id The id.
   * @param options See {@linkcode FindContainersOptions}.
   * @returns Own and foreign ones, each as the engine knows it now.
   */
  async find(
    kind: ContainerKind,
    id: string,
    options: FindContainersOptions = {},
  ): Promise<ManagedContainer[]> {
    const { signal, slots, segment = ALL_SEGMENTS } = options;
    const listed = await this.#list({ [LABEL.id]: id }, { signal, kind, segment });
    const wanted = listed.filter((info) =>
      !isSetAside(info) && (!slots || slots.includes(info.labels[LABEL.slot] ?? ""))
    );
    // Of a container that ends at this moment, the list may still say that it runs; nor does it tell start and end.
    const found = await Promise.all(
      wanted.map(({ id }) => this.#options.orchestrator.getStatus(id, { signal })),
    );
    return await this.managedOf(found.filter((info) => info !== undefined));
  }

  /**
   * Lists the containers of a segment.
   *
   * @param segment The segment, or `ALL_SEGMENTS`.
   * @param options See {@linkcode ListManagedContainersOptions}.
   * @returns What the engine knows of each: own and foreign ones.
   */
  list(segment: number, { signal, kind }: ListManagedContainersOptions = {}): Promise<ContainerInfo[]> {
    return this.#list({}, { signal, kind, segment });
  }

  /**
   * Writes what the engine knows of a container in the runner's words.
   *
   * @param info An own or foreign container.
   * @returns `undefined` when it is neither.
   */
  async managed(info: ContainerInfo): Promise<ManagedContainer | undefined> {
    const { ownership, isCodeLost, diskUseOf } = this.#options;
    const relation = ownership.relationOf(info.labels);
    if (relation === "none") return undefined;
    // The code of a bot that another instance has started is in that instance's folders.
    const isOfInstance = info.labels[LABEL.instance] === ownership.instanceLabels[LABEL.instance];
    const isWatched = relation === "own" && isOfInstance;
    return toManagedContainer(info, {
      relation,
      isCodeLost: isWatched && (await isCodeLost?.(info) ?? false),
      diskUse: diskUseOf?.(info.id),
    });
  }

  /**
   * Writes what the engine knows of containers in the runner's words.
   *
   * @param infos Containers.
   * @returns Own and foreign ones.
   */
  async managedOf(infos: readonly ContainerInfo[]): Promise<ManagedContainer[]> {
    const managed = await Promise.all(infos.map((info) => this.managed(info)));
    return managed.filter((each) => each !== undefined);
  }

  /**
   * Follows the changes of the runner's own and foreign containers.
   *
   * @param options See {@linkcode WatchContainersOptions}.
   */
  async *watch(options: WatchContainersOptions = {}): AsyncGenerator<ContainerHint> {
    const { orchestrator, ownership } = this.#options;
    // The store may get its name while events arrive, so each event is checked on its own.
    const labels = { [LABEL.managed]: "true" };
    for await (const event of orchestrator.watch({ ...options, labels })) {
      const id = event.labels[LABEL.id];
      const isNews = id !== undefined && CHANGES.includes(event.action) &&
        ownership.relationOf(event.labels) !== "none";
      if (!isNews) continue;
      yield {
        id,
        kind: (event.labels[LABEL.kind] ?? "bot") as ContainerKind,
        containerId: event.containerId,
      };
    }
  }

  async #list(
    more: Readonly<Record<string, string>>,
    { signal, kind, segment }: {
      readonly signal: AbortSignal | undefined;
      readonly kind: ContainerKind | undefined;
      readonly segment: number;
    },
  ): Promise<ContainerInfo[]> {
    const { orchestrator, ownership } = this.#options;
    const labels = {
      ...ownership.searchLabels,
      ...more,
      ...(kind !== undefined && { [LABEL.kind]: kind }),
      ...(segment !== ALL_SEGMENTS && { [LABEL.segment]: String(segment) }),
    };
    const found = await orchestrator.listContainers({ signal, labels });
    return found.filter(({ labels }) => LABEL.id in labels && ownership.relationOf(labels) !== "none");
  }
}
