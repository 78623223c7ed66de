/**
 * The work that can be done before a start, so that the start itself takes less time.
 *
 * @module
 */

import type { StartSource } from "../executable/start_source.ts";
import type { BytecodeLayers } from "../code/bytecode_layers.ts";
import type { CodeManager } from "../code/code_manager.ts";
import type { ContainerOrchestrator } from "../engine/container_orchestrator.ts";
import { runtimeOf } from "../executable/code_entrypoint_factory.ts";
import { type Executable, imageOf } from "../executable/executable.ts";
import type { ContainerSecrets } from "../secrets/container_secrets.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import type { PreparedWorkspaces } from "./prepared_workspaces.ts";
import type { PrepareOptions } from "./runner.ts";

/** How often the container that is to be replaced is polled, in ms. */
const POLL_INTERVAL_MS = 1_000;

/** Parts of a {@linkcode StartPreparer}. */
export interface StartPreparerOptions {
  /** Names the images. */
  readonly config: Pick<DockerRunnerConfig, "images">;
  /** The engine. */
  readonly orchestrator: ContainerOrchestrator;
  /** Fetches and extracts code. */
  readonly code: CodeManager;
  /** The secrets of the containers. */
  readonly secrets: Pick<ContainerSecrets, "check">;
  /** Prepare what a container needs besides its code. */
  readonly sources: readonly StartSource[];
  /** Compiles code ahead of a start. @default {code is not compiled ahead} */
  readonly bytecode?: BytecodeLayers;
  /** Puts the files of runs in place. */
  readonly prepared: Pick<PreparedWorkspaces, "prepare">;
}

/** Pulls the image, fetches the code, compiles it and puts it in place, all before a start. */
export class StartPreparer {
  readonly #options: StartPreparerOptions;
  #isEngineKnown = false;

  /** @param options See {@linkcode StartPreparerOptions}. */
  constructor(options: StartPreparerOptions) {
    this.#options = options;
  }

  /**
   * Prepares the start of an executable.
   *
   * @param executable A validated executable.
   * @param options See {@linkcode PrepareOptions}.
   */
  async prepare(executable: Executable, { replaces, isDue, signal }: PrepareOptions = {}): Promise<void> {
    const { code, orchestrator, config, secrets, sources, prepared } = this.#options;
    const image = imageOf(executable, config.images);
    code.warmUp();
    await Promise.all([
      orchestrator.pullImage(image, { signal }),
      this.#knowEngine(signal),
      code.fetchAndExtract(executable, () => Promise.resolve(), { signal }),
      executable.secrets && secrets.check(executable.secrets, signal),
      ...sources.map((source) => source.check?.(executable, signal)),
    ]);
    await this.#compile(executable, image, { replaces, signal });
    if (isDue) await prepared.prepare(executable, signal);
  }

  /** The first start would wait for what the engine says of its storage. */
  async #knowEngine(signal: AbortSignal | undefined): Promise<void> {
    if (this.#isEngineKnown) return;
    await this.#options.orchestrator.info({ signal });
    this.#isEngineKnown = true;
  }

  async #compile(executable: Executable, image: string, { replaces, signal }: PrepareOptions): Promise<void> {
    const { code, bytecode, orchestrator } = this.#options;
    if (!bytecode) return;
    using live = replaces ? whileRunning(orchestrator, replaces, signal) : undefined;
    const compiling = live?.signal ?? signal;
    await code.fetchAndExtract(
      executable,
      ({ tree }) => bytecode.make(tree, image, runtimeOf(executable), compiling),
      { signal },
    );
    signal?.throwIfAborted();
  }
}

/** A signal that aborts once a container no longer runs: a start must not wait for the compiler then. */
function whileRunning(
  orchestrator: ContainerOrchestrator,
  container: string,
  signal: AbortSignal | undefined,
): Disposable & { readonly signal: AbortSignal } {
  const ended = new AbortController();
  const poll = async () => {
    // A failed call does not mean that the container has ended.
    const info = await orchestrator.getStatus(container).catch(() => ({ phase: "running" }));
    if (info?.phase !== "running") ended.abort();
  };
  const timer = setInterval(() => void poll(), POLL_INTERVAL_MS);
  return {
    signal: signal ? AbortSignal.any([signal, ended.signal]) : ended.signal,
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
