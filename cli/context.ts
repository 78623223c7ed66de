/**
 * What a command works with. Made by `main.ts`, the only place that knows the environment and the adapters.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../lib/engine/container_orchestrator.ts";
import type { DockerRunnerConfig } from "../lib/runner/docker_runner_config.ts";
import type { ObjectStore } from "../lib/objects/object_store.ts";
import type { Runner } from "../lib/runner/runner.ts";
import type { ComposedServices, GivenParts, ProcessParts } from "../services/compose.ts";
import type { BotEventPublisher } from "../services/events/bot_event_publisher.ts";
import type { Stores } from "../services/stores.ts";
import type { ServerProbes } from "../services/probe_servers.ts";
import type { ServiceConfig } from "../services/config.ts";
import type { Terminal } from "./output/terminal.ts";

/** What a command works with. */
export interface CliContext {
  /** The environment, as far as it is configuration. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Names of all variables of the environment, where the permissions allow to see them. @default none */
  readonly variableNames?: readonly string[];
  /** Folder in which the user typed the command. Absolute. */
  readonly cwd: string;
  /** Folder of the example bots. Absolute. */
  readonly examplesDir: string;
  /** Where to print. */
  readonly terminal: Terminal;
  /** Given when the user asks to end. */
  readonly signal: AbortSignal;
  /** Makes the engine's client. */
  readonly createOrchestrator: (config: DockerRunnerConfig) => Promise<ContainerOrchestrator>;
  /** Makes the object store: MinIO when it is configured, else one in the given folder, or else in `DATA_DIR`. */
  readonly createStore: (config: DockerRunnerConfig, folder?: string) => Promise<ObjectStore>;
  /** Makes a runner. */
  readonly createRunner: (config: DockerRunnerConfig, store: ObjectStore) => Promise<Runner>;
  /** Looks at database and event bus. */
  readonly probeServers: (config: ServiceConfig, signal: AbortSignal) => Promise<ServerProbes>;
  /** Opens the database. */
  readonly openStores: (config: ServiceConfig) => Promise<Stores>;
  /** Opens the publisher of changes; `undefined` without an event bus. */
  readonly openPublisher: (
    config: ServiceConfig,
    subjectPrefix: string,
  ) => Promise<BotEventPublisher | undefined>;
  /** Builds the services, around the parts that are given. */
  readonly composeServices: (
    config: ServiceConfig,
    given?: GivenParts,
    options?: ProcessParts,
  ) => Promise<ComposedServices>;
}

/** Exit codes of the commands. A bot's own code is passed on by `backtest`. */
export const EXIT = {
  /** It worked. */
  ok: 0,
  /** It did not. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** Images are missing and no registry can be reached (EX_UNAVAILABLE of sysexits.h). */
  noRegistry: 69,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

/** The command line is wrong. The message says how. */
export class UsageError extends Error {
  /** @param message What is wrong. */
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
