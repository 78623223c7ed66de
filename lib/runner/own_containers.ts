/**
 * Finds the containers of one runner by their labels.
 *
 * @module
 */

import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { ContainerSearch } from "./container_search.ts";
import type { ContainerOwnership } from "./container_ownership.ts";
import { isSetAside } from "./exited_containers.ts";
import type { DiskUse } from "./disk_use.ts";
import { type ContainerKind, LABEL } from "../engine/labels.ts";
import { toManagedContainer } from "./managed_container.ts";
import { NamedContainers, type NamesOf } from "./named_containers.ts";
import {
  ALL_SEGMENTS,
  type ContainerHint,
  type FindContainersOptions,
  type ListManagedContainersOptions,
  type ManagedContainer,
  type RunnerCallOptions,
  type WatchContainersOptions,
} from "./runner.ts";

/**
 * Events that are reported. Starts are not among them: Berth knows the containers that it has started. Where the engine
 * starts them later, it says `run`.
 */
const CHANGES: readonly string[] = ["die", "destroy", "pause", "unpause", "run"];

/** Parts of {@linkcode OwnContainers}. */
export interface OwnContainersOptions {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "getStatus" | "listContainers" | "watch">;
  /** Tells the runner's containers from others. */
  readonly ownership: ContainerOwnership;
  /**
   * Names that the containers of a bot have; `undefined` if they cannot be told. For an engine where reading by name costs
   * much less than a search by labels. @default {the engine is searched}
   */
  readonly namesOf?: NamesOf;
  /** Whether files of a container's code are missing; called for containers of this instance. */
  readonly isCodeLost?: (info: ContainerInfo) => Promise<boolean>;
  /** Whether a live container has other secrets than it would get now; called for containers of this instance. */
  readonly haveSecretsChanged?: (info: ContainerInfo) => Promise<boolean>;
  /**
   * When a lost container has certainly ended, in ms from now: 0 if it has, `undefined` if unknown. @default {unknown}
   */
  readonly goneInMs?: (info: ContainerInfo) => Promise<number | undefined>;
  /** Returns the disk use of a container that was stopped for it. @default {no container is stopped for its disk use} */
  readonly diskUseOf?: (containerId: string) => DiskUse | undefined;
}

/** Finds and lists containers by their labels: names can be changed by hand. */
export class OwnContainers {
  readonly #options: OwnContainersOptions;
  readonly #search: ContainerSearch;
  readonly #names: NamedContainers | undefined;

  /** @param options See {@linkcode OwnContainersOptions}. */
  constructor(options: OwnContainersOptions) {
    this.#options = options;
    this.#search = new ContainerSearch((labels) => this.#list(labels));
    this.#names = options.namesOf && new NamedContainers(options.namesOf);
  }

  /**
   * Reads the state of one container.
   *
   * @param container Id or name.
   * @param options The signal that cancels the call.
   * @returns `undefined` if there is no such container, or it is not the runner's own.
   */
  async get(container: string, { signal }: RunnerCallOptions = {}): Promise<ContainerInfo | undefined> {
    const info = await this.#options.orchestrator.getStatus(container, { signal });
    return info && this.ifOwn(info);
  }

  /**
   * Returns a container if it is the runner's own.
   *
   * @param info The container.
   * @returns `undefined` if it is not the runner's own.
   */
  ifOwn(info: ContainerInfo): ContainerInfo | undefined {
    return this.#options.ownership.relationOf(info.labels) === "own" ? info : undefined;
  }

  /**
   * Finds the containers of a bot.
   *
   * @param kind Purpose of the containers.
   * @param id Id of the bot.
   * @param options See {@linkcode FindContainersOptions}.
   * @returns Own and foreign containers in their current state.
   */
  async find(
    kind: ContainerKind,
    id: string,
    options: FindContainersOptions = {},
  ): Promise<ManagedContainer[]> {
    const { signal, slots, segment = ALL_SEGMENTS } = options;
    const isWanted = (info: ContainerInfo) =>
      !isSetAside(info) && (!slots || slots.includes(info.labels[LABEL.slot] ?? "")) &&
      (segment === ALL_SEGMENTS || info.labels[LABEL.segment] === String(segment));
    const named = this.#names?.of(kind, id, slots);
    if (named) {
      const found = await this.#readAll(named, signal);
      const isOfBot = ({ labels }: ContainerInfo) => labels[LABEL.kind] === kind && labels[LABEL.id] === id;
      return await this.managedOf(found.filter((info) => isOfBot(info) && isWanted(info)));
    }
    const wanted = (await this.#search.find({ kind, id }, signal)).filter(isWanted);
    // The engine's list has no times, and may still show a container as running that ends at this moment.
    return await this.managedOf(await this.#readAll(wanted.map(({ id }) => id), signal));
  }

  /** @param containers Ids or names. @returns Those that exist. */
  async #readAll(
    containers: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<ContainerInfo[]> {
    const { orchestrator } = this.#options;
    const found = await Promise.all(
      containers.map((container) => orchestrator.getStatus(container, { signal })),
    );
    return found.filter((info) => info !== undefined);
  }

  /**
   * Lists the containers of a segment.
   *
   * @param segment The segment, or `ALL_SEGMENTS`.
   * @param options See {@linkcode ListManagedContainersOptions}.
   * @returns Own and foreign containers.
   */
  async list(
    segment: number,
    { signal, kind }: ListManagedContainersOptions = {},
  ): Promise<ContainerInfo[]> {
    const listed = await this.#list({
      ...(kind !== undefined && { [LABEL.kind]: kind }),
      ...(segment !== ALL_SEGMENTS && { [LABEL.segment]: String(segment) }),
    }, signal);
    this.#search.seen(listed.length);
    this.#names?.seen(kind, listed);
    return listed;
  }

  /**
   * Converts the engine's description of a container into the runner's.
   *
   * @param info An own or foreign container.
   * @returns `undefined` if it is neither.
   */
  async managed(info: ContainerInfo): Promise<ManagedContainer | undefined> {
    const { ownership, isCodeLost, haveSecretsChanged, goneInMs, diskUseOf } = this.#options;
    const relation = ownership.relationOf(info.labels);
    if (relation === "none") return undefined;
    // The code of a bot that another instance started lies in that instance's folders.
    const isOfInstance = info.labels[LABEL.instance] === ownership.instanceLabels[LABEL.instance];
    const isWatched = relation === "own" && isOfInstance;
    return toManagedContainer(info, {
      relation,
      isCodeLost: isWatched && (await isCodeLost?.(info) ?? false),
      haveSecretsChanged: isWatched && (await haveSecretsChanged?.(info) ?? false),
      goneInMs: isWatched && info.phase === "lost" ? await goneInMs?.(info) : undefined,
      diskUse: diskUseOf?.(info.id),
    });
  }

  /**
   * Converts the engine's descriptions of containers into the runner's.
   *
   * @param infos Containers.
   * @returns Those that are own or foreign.
   */
  async managedOf(infos: readonly ContainerInfo[]): Promise<ManagedContainer[]> {
    const managed = await Promise.all(infos.map((info) => this.managed(info)));
    return managed.filter((each) => each !== undefined);
  }

  /**
   * Reports changes of own and foreign containers.
   *
   * @param options See {@linkcode WatchContainersOptions}.
   */
  async *watch(options: WatchContainersOptions = {}): AsyncGenerator<ContainerHint> {
    const { orchestrator, ownership } = this.#options;
    // The document store may be set while events arrive, so each event is checked when it arrives.
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
    signal?: AbortSignal,
  ): Promise<ContainerInfo[]> {
    const { orchestrator, ownership } = this.#options;
    const found = await orchestrator.listContainers({
      signal,
      labels: { ...ownership.searchLabels, ...more },
    });
    return found.filter(({ labels }) => LABEL.id in labels && ownership.relationOf(labels) !== "none");
  }
}
