/**
 * Pulls images through the Docker Engine.
 *
 * @module
 */

import { type CallScope, limitSilence } from "../../util/call_scope.ts";
import type { PullImageOptions, PullProgress } from "../container_orchestrator.ts";
import { EngineError } from "../../errors.ts";
import type { DockerodeClient } from "./dockerode_client.ts";
import { engineMessage } from "./dockerode_errors.ts";
import { parseImageReference, readPullProgress, toImageError } from "./dockerode_pull_progress.ts";

/** A pull that is under way, and who waits for it. */
interface SharedPull {
  readonly done: Promise<void>;
  readonly scope: CallScope;
  readonly listeners: Set<(progress: PullProgress) => void>;
  waiting: number;
}

/** Pulls images; calls for the same image share one pull, which goes on while anyone waits for it. */
export class DockerodePuller {
  readonly #client: DockerodeClient;
  readonly #stallMs: number;
  readonly #pulls = new Map<string, SharedPull>();

  /** @param client The engine. @param stallMs A pull of which nothing is heard for so long is given up. */
  constructor(client: DockerodeClient, stallMs: number) {
    this.#client = client;
    this.#stallMs = stallMs;
  }

  /**
   * Pulls an image, or joins the pull of it that is under way.
   *
   * @param image Its reference.
   * @param options Who is told, and what gives this caller up.
   * @throws {ImageUnavailableError} If the registry has no such image, does not answer or refuses.
   * @throws {TimeLimitError} If nothing is heard of it for too long.
   */
  async pull(image: string, options: PullImageOptions): Promise<void> {
    const shared = this.#pulls.get(image) ?? this.#begin(image);
    const caller = Promise.withResolvers<void>();
    const onAbort = () => caller.reject(options.signal?.reason);
    const onProgress = (progress: PullProgress) => {
      try {
        options.onProgress?.(progress);
      } catch (error) {
        // A listener's own failure is its caller's, not the pull's.
        caller.reject(error);
      }
    };
    shared.waiting++;
    shared.listeners.add(onProgress);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    try {
      if (options.signal?.aborted) onAbort();
      await Promise.race([shared.done, caller.promise]);
    } finally {
      options.signal?.removeEventListener("abort", onAbort);
      shared.listeners.delete(onProgress);
      if (--shared.waiting === 0) this.#end(image, shared);
    }
  }

  #begin(image: string): SharedPull {
    const scope = this.#client.scope(`pull image '${image}'`, { limitMs: this.#stallMs });
    const listeners = new Set<(progress: PullProgress) => void>();
    const done = this.#run(image, scope, listeners);
    // Whoever waits is told; when nobody does any more, nobody needs to be.
    done.catch(() => {});
    const shared: SharedPull = { done, scope, listeners, waiting: 0 };
    this.#pulls.set(image, shared);
    return shared;
  }

  #end(image: string, shared: SharedPull): void {
    if (this.#pulls.get(image) === shared) this.#pulls.delete(image);
    shared.scope[Symbol.dispose]();
  }

  async #run(
    image: string,
    scope: CallScope,
    listeners: Set<(progress: PullProgress) => void>,
  ): Promise<void> {
    const what = `pull image '${image}'`;
    const query = { ...parseImageReference(image) };
    try {
      const response = await this.#client.open(
        { what, method: "POST", path: "/images/create", query },
        scope,
      );
      const chunks = this.#client.read(what, response, scope);
      for await (const progress of readPullProgress(image, limitSilence(chunks, scope))) {
        for (const listener of listeners) listener(progress);
      }
    } catch (error) {
      // The engine refuses what it can tell at once, and reports the rest inside the stream.
      throw error instanceof EngineError
        ? toImageError(image, engineMessage(error), { cause: error })
        : error;
    }
  }
}
