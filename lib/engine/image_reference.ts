/**
 * References of images: `[registry/]name[:tag][@digest]`, or the id of an image. Pure.
 *
 * @module
 */

/** A reference in its parts. */
export interface ImageReference {
  /** Registry and name, for example `ghcr.io/me/my-bot` or `python`. */
  readonly name: string;
  /** Tag; absent if the reference has none. */
  readonly tag?: string;
  /** Digest, for example `sha256:…`; absent if the reference has none. */
  readonly digest?: string;
}

/** Host of the registry of images whose name has no host. */
export const DEFAULT_REGISTRY = "docker.io";

const DIGEST = /^sha256:[0-9a-f]{64}$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?$/;
const PART = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const MAX_NAME_LENGTH = 255;

/**
 * Splits a reference.
 *
 * @param reference The reference.
 * @returns Its parts, whether they are valid or not.
 */
export function parseImageReference(reference: string): ImageReference {
  const at = reference.indexOf("@");
  const digest = at === -1 ? undefined : reference.slice(at + 1);
  const tagged = at === -1 ? reference : reference.slice(0, at);
  const colon = tagged.indexOf(":", tagged.lastIndexOf("/") + 1);
  const name = colon === -1 ? tagged : tagged.slice(0, colon);
  return {
    name,
    ...(colon !== -1 && { tag: tagged.slice(colon + 1) }),
    ...(digest !== undefined && { digest }),
  };
}

/**
 * Whether a reference is the id of an image on one engine. No registry has it.
 *
 * @param reference The reference.
 */
export function isImageId(reference: string): boolean {
  return DIGEST.test(reference);
}

/**
 * Returns the registry of an image.
 *
 * @param reference The reference.
 * @returns Its host with its port, for example `ghcr.io`.
 */
export function registryOf(reference: string): string {
  const { name } = parseImageReference(reference);
  const host = name.split("/", 1)[0]!;
  const isHost = name.includes("/") && (host.includes(".") || host.includes(":") || host === "localhost");
  return isHost ? host : DEFAULT_REGISTRY;
}

/**
 * Explains why a string is no reference.
 *
 * @param reference The string.
 * @returns The problem, as the end of a sentence; `undefined` if it is a reference.
 */
export function imageReferenceProblem(reference: string): string | undefined {
  if (isImageId(reference)) return undefined;
  const { name, tag, digest } = parseImageReference(reference);
  if (digest !== undefined && !DIGEST.test(digest)) {
    return "must have a digest of the form @sha256: and 64 hexadecimal digits after its name";
  }
  if (tag !== undefined && !TAG.test(tag)) {
    return "must have a tag of at most 128 letters, digits, '_', '.' and '-'";
  }
  const registry = registryOf(name);
  const [first, ...others] = name.split("/");
  const parts = registry === first ? others : [first!, ...others];
  const isName = name.length <= MAX_NAME_LENGTH && HOST.test(registry) && parts.length > 0 &&
    parts.every((part) => PART.test(part));
  return isName ? undefined : "must be an image such as ghcr.io/me/my-bot:1.0, in lower case";
}

/** Whether a reference always stands for the same image: an id, or a name with a digest. @param reference The reference. */
export function isPinned(reference: string): boolean {
  return isImageId(reference) || parseImageReference(reference).digest !== undefined;
}
