/**
 * The Docker Engine's calls about images.
 *
 * @module
 */

import type {
  EngineCallOptions,
  ImageInfo,
  PullImageOptions,
  RegistryImage,
} from "../container_orchestrator.ts";
import { isImageId } from "../image_reference.ts";
import { EngineError, ImageUnavailableError, TimeLimitError } from "../../errors.ts";
import { isDistribution, isImage } from "./dockerode_answers.ts";
import type { DockerodeClient, EngineAnswer } from "./dockerode_client.ts";
import { engineMessage, expectShape } from "./dockerode_errors.ts";
import { DockerodePuller } from "./dockerode_pull.ts";
import { toImageError } from "./dockerode_pull_progress.ts";
import type { DockerodeTimeLimits } from "./dockerode_time_limits.ts";
import type { FindLogin } from "./registry_credentials.ts";

/** Looks for images on the engine and in registries, and pulls them. */
export class DockerodeImages {
  readonly #client: Pick<DockerodeClient, "call" | "open" | "read" | "scope">;
  readonly #puller: DockerodePuller;
  readonly #limits: Pick<DockerodeTimeLimits, "callMs" | "registryMs" | "pullStallMs">;
  readonly #logins: FindLogin;

  /**
   * @param client The engine.
   * @param limits Time limits.
   * @param logins Finds the credentials of registries.
   */
  constructor(
    client: Pick<DockerodeClient, "call" | "open" | "read" | "scope">,
    limits: Pick<DockerodeTimeLimits, "callMs" | "registryMs" | "pullStallMs">,
    logins: FindLogin,
  ) {
    this.#client = client;
    this.#limits = limits;
    this.#logins = logins;
    this.#puller = new DockerodePuller(client, limits.pullStallMs, logins);
  }

  /** Whether the engine has an image. @param image Its reference or its id. */
  async has(image: string, { signal }: EngineCallOptions): Promise<boolean> {
    return (await this.#look(image, signal)).status !== 404;
  }

  /**
   * Describes an image on the engine.
   *
   * @param image Its reference or its id.
   * @param options The signal.
   * @returns `undefined` if the engine does not have it.
   */
  async inspect(image: string, { signal }: EngineCallOptions): Promise<ImageInfo | undefined> {
    const { status, value, what } = await this.#look(image, signal);
    if (status === 404) return undefined;
    const { Id, Os, Architecture, Variant, RepoDigests, Config } = expectShape(what, value, isImage);
    return {
      id: Id,
      platform: [Os, Architecture, Variant].filter(Boolean).join("/"),
      digests: RepoDigests ?? [],
      command: [...Config?.Entrypoint ?? [], ...Config?.Cmd ?? []],
    };
  }

  /**
   * Makes sure that an image is present.
   *
   * @param image Its reference or its id.
   * @param options See {@linkcode PullImageOptions}.
   * @throws {ImageUnavailableError} If it is not present and cannot be pulled.
   */
  async pull(image: string, options: PullImageOptions): Promise<void> {
    if (await this.has(image, options)) return;
    if (isImageId(image)) {
      throw new ImageUnavailableError(
        image,
        `Image '${image}' is not on the engine any more, and no registry has it: it was built or loaded here.`,
        { advice: "Build or load it again, then deploy the bot again." },
      );
    }
    await this.#puller.pull(image, options);
    if (await this.has(image, options)) return;
    throw new ImageUnavailableError(
      image,
      `Cannot pull image '${image}': the engine ended the pull without an error, and the image is not there. ` +
        "Pull it with `docker pull` to see why.",
      { reason: "refused" },
    );
  }

  /**
   * Asks the registry of an image what its tag stands for now.
   *
   * @param image Its reference.
   * @param options The signal.
   * @throws {ImageUnavailableError} If the registry does not have it, does not answer or refuses.
   */
  async findInRegistry(image: string, { signal }: EngineCallOptions): Promise<RegistryImage> {
    const what = `ask the registry for image '${image}'`;
    const { header, advice } = await this.#logins(image);
    const request = {
      what,
      method: "GET",
      path: `/distribution/${pathOf(image)}/json`,
      ...(header !== undefined && { registryAuth: header }),
    } as const;
    try {
      const { value } = await this.#client.call(request, { signal, limitMs: this.#limits.registryMs });
      const { Descriptor, Platforms } = expectShape(what, value, isDistribution);
      return {
        digest: Descriptor.digest,
        platforms: (Platforms ?? []).map(({ os, architecture }) => `${os}/${architecture}`),
      };
    } catch (error) {
      if (error instanceof EngineError) {
        throw toImageError(image, engineMessage(error), { cause: error, action: "find", login: advice });
      }
      if (error instanceof TimeLimitError && !signal?.aborted) {
        const message = `timeout: no answer within ${this.#limits.registryMs / 1000} s`;
        throw toImageError(image, message, { cause: error, action: "find" });
      }
      throw error;
    }
  }

  async #look(
    image: string,
    signal: AbortSignal | undefined,
  ): Promise<EngineAnswer & { readonly what: string }> {
    const what = `look for image '${image}'`;
    const request = { what, method: "GET", path: `/images/${pathOf(image)}/json`, kind: "read" } as const;
    const bounds = { signal, limitMs: this.#limits.callMs };
    return { ...await this.#client.call(request, bounds, [404]), what };
  }
}

function pathOf(image: string): string {
  return image.split("/").map(encodeURIComponent).join("/");
}
