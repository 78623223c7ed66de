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
import { readPullProgress, toImageError, toPullQuery } from "./dockerode_pull_progress.ts";
import type { FindLogin } from "./registry_credentials.ts";

/** A pull in progress, and the calls that wait for it. */
interface SharedPull {
  readonly done: Promise<void>;
  readonly scope: CallScope;
  readonly listeners: Set<(progress: PullProgress) => void>;
  waiting: number;
}

/** Pulls images. Calls for the same image share one pull, which continues while any of them waits. */
export class DockerodePuller {
  readonly #client: Pick<DockerodeClient, "open" | "read" | "scope">;
  readonly #stallMs: number;
  readonly #logins: FindLogin;
  readonly #pulls = new Map<string, SharedPull>();

  /**
   * @param client The engine.
   * @param stallMs Longest time without progress before a pull is cancelled, in ms.
   * @param logins Finds the credentials of registries.
   */
  constructor(client: Pick<DockerodeClient, "open" | "read" | "scope">, stallMs: number, logins: FindLogin) {
    this.#client = client;
    this.#stallMs = stallMs;
    this.#logins = logins;
  }

  /**
   * Pulls an image, or joins a pull of it in progress.
   *
   * @param image Reference of the image.
   * @param options See {@linkcode PullImageOptions}.
   * @throws {ImageUnavailableError} If the registry has no such image, does not answer or refuses.
   * @throws {TimeLimitError} If the pull makes no progress for too long.
   */
  async pull(image: string, options: PullImageOptions): Promise<void> {
    const shared = this.#pulls.get(image) ?? this.#begin(image);
    const caller = Promise.withResolvers<void>();
    const onAbort = () => caller.reject(options.signal?.reason);
    const onProgress = (progress: PullProgress) => {
      try {
        options.onProgress?.(progress);
      } catch (error) {
        // A listener that throws fails its own call, not the pull.
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
    // Calls that wait get the error; once none waits, nobody needs it.
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
    const query = { ...toPullQuery(image) };
    const { header, advice } = await this.#logins(image);
    try {
      const response = await this.#client.open(
        {
          what,
          method: "POST",
          path: "/images/create",
          query,
          ...(header !== undefined && { registryAuth: header }),
        },
        scope,
      );
      const chunks = this.#client.read(what, response, scope);
      for await (const progress of readPullProgress(image, limitSilence(chunks, scope), advice)) {
        for (const listener of listeners) listener(progress);
      }
    } catch (error) {
      // The engine refuses some pulls at once, and reports other failures in the stream.
      throw error instanceof EngineError
        ? toImageError(image, engineMessage(error), { cause: error, login: advice })
        : error;
    }
  }
}
