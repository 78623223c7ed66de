/**
 * Finds out which image a tag stands for.
 *
 * @module
 */

import type { ContainerOrchestrator, ImageInfo } from "../engine/container_orchestrator.ts";
import { isImageId, isPinned, parseImageReference } from "../engine/image_reference.ts";
import { ImageUnavailableError, messageOf } from "../errors.ts";

/** An image that stays the same. */
export interface ResolvedImage {
  /** Its name with its digest; its id if it was built or loaded on the engine's host, so that no registry has it. */
  readonly reference: string;
  /** Why the registry was not asked, or has not answered; absent if it has. */
  readonly note?: string;
}

/** Options of a call. */
export interface ResolveImageOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** Resolves the tags of images. */
export class ImageResolver {
  readonly #orchestrator: Pick<ContainerOrchestrator, "info" | "inspectImage" | "findInRegistry">;

  /** @param orchestrator The engine. */
  constructor(orchestrator: Pick<ContainerOrchestrator, "info" | "inspectImage" | "findInRegistry">) {
    this.#orchestrator = orchestrator;
  }

  /**
   * Resolves an image. Asks its registry, unless the engine has an image of this name that was built or loaded there. If
   * the registry does not answer, the image on the engine counts. Pulls nothing.
   *
   * @param image Its reference.
   * @param options See {@linkcode ResolveImageOptions}.
   * @throws {ImageUnavailableError} If there is no such image, or it is for another platform than the engine's.
   */
  async resolve(image: string, { signal }: ResolveImageOptions = {}): Promise<ResolvedImage> {
    const [{ platform }, local] = await Promise.all([
      this.#orchestrator.info({ signal }),
      this.#orchestrator.inspectImage(image, { signal }),
    ]);
    const { name, digest } = parseImageReference(image);
    if (isImageId(image) || (local && digest !== undefined)) {
      if (!local) throw new ImageUnavailableError(image, `The engine has no image '${image}'.`);
      requirePlatform(image, [local.platform], platform);
      return { reference: digest === undefined ? image : `${name}@${digest}` };
    }
    if (local && local.digests.length === 0) {
      requirePlatform(image, [local.platform], platform);
      return { reference: local.id, note: "it was built or loaded on the engine's host" };
    }
    try {
      const found = await this.#orchestrator.findInRegistry(image, { signal });
      requirePlatform(image, found.platforms, platform);
      return { reference: `${name}@${found.digest}` };
    } catch (error) {
      const known = local && digestOf(name, local);
      if (!known || !(error instanceof ImageUnavailableError) || error.reason !== "unreachable") throw error;
      requirePlatform(image, [local.platform], platform);
      return { reference: known, note: messageOf(error) };
    }
  }

  /**
   * Whether the registry has another image by now than the one that runs.
   *
   * @param image The image as people name it.
   * @param runs The image that runs; absent for the one on the engine.
   * @param options See {@linkcode ResolveImageOptions}.
   * @returns The digest of the other image; `undefined` if there is none, or no registry has the image.
   * @throws {ImageUnavailableError} If the registry does not answer.
   */
  async newer(
    image: string,
    runs: string | undefined,
    { signal }: ResolveImageOptions = {},
  ): Promise<string | undefined> {
    if (isPinned(image)) return undefined;
    const local = await this.#orchestrator.inspectImage(runs ?? image, { signal });
    const known = runs === undefined || isImageId(runs) ? local?.digests ?? [] : [runs];
    if (known.length === 0) return undefined;
    const { digest } = await this.#orchestrator.findInRegistry(image, { signal });
    return known.some((reference) => reference.endsWith(`@${digest}`)) ? undefined : digest;
  }
}

/** The registry may serve several platforms under one digest, and may not say which. */
function requirePlatform(image: string, offered: readonly string[], wanted: string): void {
  const short = (platform: string) => platform.split("/").slice(0, 2).join("/");
  if (offered.length === 0 || offered.some((one) => short(one) === short(wanted))) return;
  throw new ImageUnavailableError(
    image,
    `Image '${image}' is for ${offered.join(", ")}, and the engine runs ${wanted}.`,
    { advice: `Build it for ${wanted}, or name an image that was built for ${wanted}.`, reason: "refused" },
  );
}

/** An image that is on the engine under several names has a digest for each. */
function digestOf(name: string, { digests }: ImageInfo): string | undefined {
  const bare = name.replace(/^docker\.io\/(?:library\/)?/, "");
  return digests.find((one) => one.startsWith(`${bare}@`)) ?? digests[0];
}
