/**
 * Connects the states of bots with their containers.
 *
 * @module
 */

import type { ContainerInfo, ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { LABEL } from "../engine/labels.ts";
import { STATE_MOUNT } from "../executable/container_layout.ts";
import type { Executable } from "../executable/executable.ts";
import type { StartContext, StartPart, StartSource } from "../executable/start_source.ts";
import type { StateSettings } from "../executable/state_settings.ts";
import type { ObjectStore } from "../objects/object_store.ts";
import { BotStates } from "../state/bot_states.ts";
import type { SupervisedState } from "../state/running_states.ts";
import type { LiveStates } from "../state/live_states.ts";
import { SnapshotStore } from "../state/snapshot_store.ts";
import { StateError } from "../state/state_error.ts";
import { ensureDataDir } from "../util/data_dir.ts";
import type { StateMeter } from "./disk_watch.ts";
import type { EngineHelper } from "./engine_helper.ts";
import { engineLinks } from "./engine_links.ts";
import { engineRemoval } from "./engine_removal.ts";
import type { MeasureTree } from "./engine_meter.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";

const MIB = 1024 * 1024;

/** Parts of {@linkcode createBotStates}. */
export interface CreateBotStatesParts {
  /** The engine. */
  readonly orchestrator: Pick<ContainerOrchestrator, "listContainers" | "readFolder">;
  /** Makes links, and removes what Deno cannot. */
  readonly helper: EngineHelper;
  /** Measures folders. */
  readonly measure: MeasureTree;
  /** Holds the snapshots. */
  readonly store: ObjectStore;
  /** User that this process runs as. */
  readonly uid: number;
  /** Labels of the instance's containers. */
  readonly ownLabels: Readonly<Record<string, string>>;
}

/**
 * Creates the states of one instance's bots, in `DATA_DIR/state/INSTANCE`.
 *
 * @param config The configuration.
 * @param parts See {@linkcode CreateBotStatesParts}.
 */
export function createBotStates(
  { dataDir, instance, buckets }: Pick<DockerRunnerConfig, "dataDir" | "instance" | "buckets">,
  { orchestrator, store, uid, ownLabels, helper, measure }: CreateBotStatesParts,
): BotStates {
  const live: LiveStates = {
    async find(id, signal) {
      const labels = { ...ownLabels, [LABEL.id]: id };
      const found = await orchestrator.listContainers({ labels, ...(signal && { signal }) });
      return found.find((info) => keepsState(info) && isLive(info))?.id;
    },
    read: (containerId, signal) => orchestrator.readFolder(containerId, STATE_MOUNT, { signal }),
  };
  return new BotStates({
    root: `${dataDir}/state/${instance}`,
    instance,
    snapshots: new SnapshotStore(store, buckets.state),
    live,
    makeLinks: engineLinks(helper),
    empty: engineRemoval(helper),
    measure,
    ready: () => ensureDataDir(dataDir, uid),
  });
}

/** Mounts the state of a bot, if it asks for one. A backtest always begins with an empty one, in memory. */
export class StateSource implements StartSource {
  readonly #states: BotStates;
  readonly #config: Pick<DockerRunnerConfig, "stateBytes">;
  readonly #mayGive: boolean;

  /**
   * @param states The states.
   * @param config Has the largest state that is allowed.
   * @param mayGive Whether files can be given to the user of the bot, which only root may do.
   */
  constructor(states: BotStates, config: Pick<DockerRunnerConfig, "stateBytes">, mayGive: boolean) {
    this.#states = states;
    this.#config = config;
    this.#mayGive = mayGive;
  }

  /** {@inheritDoc StartSource.check} */
  async check({ id, state }: Executable, signal?: AbortSignal): Promise<void> {
    if (!state) return;
    this.#refuseTooMuch(id, state);
    await this.#states.check(id, signal);
  }

  /** {@inheritDoc StartSource.prepare} */
  async prepare(executable: Executable, { kind, user, signal }: StartContext): Promise<StartPart> {
    const { id, state } = executable;
    if (!state || kind === "backtest") return {};
    this.#refuseTooMuch(id, state);
    // Only one container of a bot can run, but several of a schedule.
    if (kind === "run") await this.#states.refuseInUse(id, signal);
    const source = await this.#states.prepare(executable, { ...(this.#mayGive && { user }), signal });
    return { binds: [{ source, target: STATE_MOUNT }] };
  }

  #refuseTooMuch(id: string, { maxBytes }: StateSettings): void {
    const { stateBytes } = this.#config;
    if (maxBytes > stateBytes) throw tooMuch(id, maxBytes, stateBytes);
  }
}

/** Measures the states of containers for a disk watch. @param states The states. */
export function stateMeter(states: BotStates): StateMeter {
  return {
    limitOf: (container) => settingsOf(container)?.maxBytes,
    measure: (id, maxBytes, signal) => states.measure(id, maxBytes, signal),
    reportOver: (id, bytes) => states.reportOver(id, bytes),
  };
}

/** Whether a container writes to a state that is kept. @param info The container. */
export function keepsState({ labels }: Pick<ContainerInfo, "labels">): boolean {
  return LABEL.state in labels && labels[LABEL.kind] !== "backtest";
}

/** Converts a container for {@linkcode BotStates.supervise}. @returns Nothing if it keeps no state. */
export function supervisedState(info: ContainerInfo): SupervisedState[] {
  const settings = settingsOf(info);
  return settings ? [{ id: info.labels[LABEL.id]!, containerId: info.id, settings }] : [];
}

function settingsOf(info: ContainerInfo): StateSettings | undefined {
  if (!keepsState(info)) return undefined;
  try {
    return JSON.parse(info.labels[LABEL.state]!);
  } catch {
    return undefined;
  }
}

function isLive({ phase }: ContainerInfo): boolean {
  return phase === "running" || phase === "starting" || phase === "lost";
}

function tooMuch(id: string, asked: number, allowed: number): StateError {
  return new StateError(
    "over-limit",
    `'${id}' asks for ${Math.floor(asked / MIB)} MB of state, and this service allows ${
      Math.floor(allowed / MIB)
    } MB.`,
    { advice: "Lower 'max_mb' of its state, or raise BOT_STATE_LIMIT_MB." },
  );
}
