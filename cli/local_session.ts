/**
 * A runner for one command, which removes everything it creates.
 *
 * @module
 */

import type { DockerRunnerConfig } from "../lib/runner/docker_runner_config.ts";
import { type EntrypointType, type Executable, parseExecutable } from "../lib/executable/executable.ts";
import { InvalidExecutableError } from "../lib/errors.ts";
import { InstanceLock } from "../lib/runner/instance_lock.ts";
import { boundProblems } from "../lib/runner/limit_bounds.ts";
import { withoutMember } from "../lib/util/json_member.ts";
import type { ObjectStore } from "../lib/objects/object_store.ts";
import { ALL_SEGMENTS, type Runner } from "../lib/runner/runner.ts";
import { ensureTempDir } from "../lib/util/temp_dir.ts";
import { BERTH_KEY } from "../services/documents/berth_settings.ts";
import type { BotFolder } from "./deploy/bot_folder.ts";
import { effectiveSettings } from "./deploy/effective_settings.ts";
import { allSettledOrThrow } from "../lib/util/promises.ts";
import { storeArchive } from "./deploy/store_archive.ts";

/** Input of a {@linkcode LocalSession}. */
export interface LocalSessionParts {
  /** The configuration, with the session's own instance name. */
  readonly config: DockerRunnerConfig;
  /** Creates the object store. */
  readonly createStore: (config: DockerRunnerConfig, folder: string) => Promise<ObjectStore>;
  /** Creates the runner. */
  readonly createRunner: (config: DockerRunnerConfig, store: ObjectStore) => Promise<Runner>;
}

/** Options of {@linkcode LocalSession.deploy}. */
export interface DeployLocallyOptions {
  /** Called for each line that the build of the libraries prints. */
  readonly onBuilding?: (line: string) => void;
  /** Aborts the deployment. */
  readonly signal?: AbortSignal;
}

/**
 * Runs bots from folders of this machine the way the service does: archive, object store, workspace,
 * container.
 */
export class LocalSession implements AsyncDisposable {
  /** The runner. */
  readonly runner: Runner;
  /** The object store with the code. */
  readonly store: ObjectStore;
  readonly #config: DockerRunnerConfig;
  readonly #lock: InstanceLock;
  readonly #madeTempDir: boolean;
  readonly #written: { readonly bucket: string; readonly key: string }[] = [];

  private constructor(
    config: DockerRunnerConfig,
    runner: Runner,
    store: ObjectStore,
    lock: InstanceLock,
    madeTempDir: boolean,
  ) {
    this.runner = runner;
    this.#config = config;
    this.store = store;
    this.#lock = lock;
    this.#madeTempDir = madeTempDir;
  }

  /**
   * Opens a session, and removes what a killed session of the same name left.
   *
   * @param parts The configuration, and how to create the parts.
   * @throws {InstanceLockedError} If a session of the same name is open.
   * @throws {EngineUnavailableError} If the engine does not answer.
   */
  static async open(parts: LocalSessionParts): Promise<LocalSession> {
    const { config } = parts;
    const madeTempDir = await ensureTempDir(config.tempDir, Deno.uid() ?? 0);
    const lock = await InstanceLock.acquire(config.tempDir, config.instance);
    const store = await parts.createStore(config, `${config.tempDir}/${config.instance}/objects`);
    const session = new LocalSession(
      config,
      await parts.createRunner(config, store),
      store,
      lock,
      madeTempDir,
    );
    try {
      await session.#removeContainers(0);
      await session.#removeFolder();
      return session;
    } catch (error) {
      await session.#release();
      throw error;
    }
  }

  /**
   * Packs a bot folder and puts it into the object store.
   *
   * @param bot The folder.
   * @param entrypoint The program to run.
   * @param options Receives the lines of the build of its libraries; a signal.
   * @returns The executable to start.
   * @throws {InvalidExecutableError} If the folder's description cannot be run.
   */
  async deploy(
    bot: BotFolder,
    entrypoint: EntrypointType,
    { onBuilding, signal }: DeployLocallyOptions = {},
  ): Promise<Executable> {
    const { code } = this.#config.buckets;
    // A trial runs on this machine, wherever the bot will run later.
    const { shape: { placement: _placement, ...shape }, settings } = effectiveSettings(bot);
    const describe = (filePath: string) =>
      parseExecutable({
        id: bot.name,
        runtime: bot.runtime,
        entrypoint,
        entrypointFiles: bot.entrypoints,
        config: withoutMember(bot.config, BERTH_KEY),
        version: bot.version,
        filePath,
        ...shape,
        // The result is passed to the command, and not stored.
        persistResults: false,
      });
    // Report problems of the folder before anything is written.
    const problems = boundProblems(describe("not-stored-yet"), this.#config.bounds);
    if (problems.length > 0) throw new InvalidExecutableError(problems);
    const target = {
      store: this.store,
      bucket: code,
      limits: this.#config.archiveLimits,
      ...(signal && { signal }),
    };
    const executable = describe(await storeArchive(bot, target));
    this.#written.push({ bucket: code, key: executable.filePath });
    const { dependencies } = await this.runner.buildDependencies(executable, {
      allowSourceBuilds: settings.allowSourceBuilds ?? false,
      secrets: settings.buildSecrets ?? {},
      ...(onBuilding && { onLine: onBuilding }),
      ...(signal && { signal }),
    });
    return { ...executable, ...(dependencies && { dependencies }) };
  }

  /** Stops the bots, and removes everything that the session created. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#removeContainers();
      for (const { bucket, key } of this.#written) await this.store.delete(bucket, key);
    } finally {
      await this.#release();
    }
  }

  async #removeContainers(graceSeconds?: number): Promise<void> {
    const containers = await this.runner.listManagedContainers(ALL_SEGMENTS);
    await allSettledOrThrow(
      containers.map(({ containerId }) =>
        this.runner.stopContainer(containerId, { ...(graceSeconds !== undefined && { graceSeconds }) })
      ),
    );
    await this.runner.removeOrphans();
  }

  async #release(): Promise<void> {
    await this.runner.close();
    await this.#removeFolder();
    await this.#lock[Symbol.asyncDispose]();
    if (this.#madeTempDir) await Deno.remove(this.#config.tempDir).catch(() => {});
  }

  async #removeFolder(): Promise<void> {
    const { tempDir, instance } = this.#config;
    await Deno.remove(`${tempDir}/${instance}`, { recursive: true }).catch(() => {});
  }
}
