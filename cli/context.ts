/**
 * The context of a command. `main.ts` creates it: no other place knows the environment and the adapters.
 *
 * @module
 */

import type { ContainerOrchestrator } from "../lib/engine/container_orchestrator.ts";
import type { DockerRunnerConfig } from "../lib/runner/docker_runner_config.ts";
import type { ObjectStore } from "../lib/objects/object_store.ts";
import type { Runner } from "../lib/runner/runner.ts";
import type { ComposedServices, GivenParts, ProcessParts } from "../services/compose.ts";
import type { ServerProbes } from "../services/probe_servers.ts";
import type { ServiceConfig } from "../services/config.ts";
import type { Terminal } from "./output/terminal.ts";

/** Everything that a command uses from outside. */
export interface CliContext {
  /** The environment variables that are configuration. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Names of all environment variables, if the permissions allow listing them. @default none */
  readonly variableNames?: readonly string[];
  /** Absolute path of the folder in which the user typed the command. */
  readonly cwd: string;
  /** Absolute path of the folder of example bots. */
  readonly examplesDir: string;
  /** Where to print. */
  readonly terminal: Terminal;
  /** Asks a person a question that is answered with yes or no. Absent if nobody is there to answer. */
  readonly confirm?: (question: string) => boolean;
  /** Asks for a value that is not shown, or reads it from standard input; `undefined` if the person gave up. */
  readonly readSecret?: (question: string) => Promise<string | undefined>;
  /** Aborted when the user ends the command. */
  readonly signal: AbortSignal;
  /** Creates the engine's client. */
  readonly createOrchestrator: (config: DockerRunnerConfig) => Promise<ContainerOrchestrator>;
  /**
   * Creates the object store: MinIO if it is configured, else a store in the given folder or in `DATA_DIR`.
   */
  readonly createStore: (config: DockerRunnerConfig, folder?: string) => Promise<ObjectStore>;
  /** Creates a runner. */
  readonly createRunner: (config: DockerRunnerConfig, store: ObjectStore) => Promise<Runner>;
  /** Probes the database and the event bus. */
  readonly probeServers: (config: ServiceConfig, signal: AbortSignal) => Promise<ServerProbes>;
  /** Builds the services, around the parts that are given. */
  readonly composeServices: (
    config: ServiceConfig,
    given?: GivenParts,
    options?: ProcessParts,
  ) => Promise<ComposedServices>;
}

/** Exit codes of the commands. `backtest` passes on the bot's own code. */
export const EXIT = {
  /** Success. */
  ok: 0,
  /** Failure. */
  failed: 1,
  /** The command line or the configuration is invalid. */
  usage: 2,
  /** Something needed is not there: a service that answers, or a registry for images (EX_UNAVAILABLE of sysexits.h). */
  unavailable: 69,
  /** Ended by Ctrl-C. */
  interrupted: 130,
} as const;

/** The command line is invalid. The message says why. */
export class UsageError extends Error {
  /** @param message The problem. */
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}
