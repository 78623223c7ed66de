/**
 * Credentials of image registries, from Docker's own configuration. They go to the engine with a pull, and nowhere else.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { DEFAULT_REGISTRY, registryOf } from "../image_reference.ts";

/** The credentials of a registry, or the reason why there are none. */
export interface RegistryLogin {
  /** Value of the header `X-Registry-Auth`; absent without credentials. Secret. */
  readonly header?: string;
  /** Advice if the registry refuses. */
  readonly advice: string;
}

/** Finds the credentials for an image. */
export type FindLogin = (image: string) => Promise<RegistryLogin>;

const MAX_FILE_BYTES = 1024 * 1024;
/** Names of the default registry in files. */
const DEFAULT_NAMES = ["index.docker.io", "registry-1.docker.io", DEFAULT_REGISTRY];

/** The parts of the file that are read. */
interface DockerConfig {
  readonly auths?: Readonly<Record<string, unknown>>;
  readonly credHelpers?: Readonly<Record<string, unknown>>;
  readonly credsStore?: unknown;
}

/**
 * Makes a function that reads the file at each call, so that a `docker login` counts at once.
 *
 * @param file Absolute path of `config.json`; absent if there is none.
 * @param read Reads the file.
 */
export function loginsOf(
  file: string | undefined,
  read: (file: string) => Promise<string> = readSmall,
): FindLogin {
  return async (image) => {
    const registry = registryOf(image);
    const login = `'docker login ${registry === DEFAULT_REGISTRY ? "" : registry}'`.replace(" '", "'");
    const advice = `If it is private, log in as the user that Berth runs as: ${login}.`;
    if (file === undefined) return { advice };
    let text: string;
    try {
      text = await read(file);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
        return { advice };
      }
      return {
        advice: `Its credentials were not read: '${file}' cannot be read (${(error as Error).name}).`,
      };
    }
    return { advice, ...findLogin(text, registry, file) };
  };
}

/** The content of the file is secret: no message shows any of it but names of registries and helpers. */
function findLogin(text: string, registry: string, file: string): Partial<RegistryLogin> {
  let config: DockerConfig | null;
  try {
    config = JSON.parse(text);
  } catch {
    return { advice: `Its credentials were not read: '${file}' is not JSON.` };
  }
  const header = headerOf(entryOf(config?.auths, registry), registry);
  if (header !== undefined) {
    return { header, advice: `The credentials of ${registry} in '${file}' do not suffice.` };
  }
  const helper = entryOf(config?.credHelpers, registry) ?? config?.credsStore;
  if (typeof helper !== "string") return {};
  return {
    advice:
      `Credentials of ${registry} are with the credential helper ${
        JSON.stringify(helper.slice(0, 60))
      }, a program, ` +
      `and Berth starts no programs: write them to the 'auths' of '${file}', or of another folder that ` +
      "DOCKER_CONFIG names ('docker --config FOLDER login').",
  };
}

function entryOf(entries: unknown, registry: string): unknown {
  if (typeof entries !== "object" || entries === null) return undefined;
  return Object.entries(entries).find(([name]) => registryNamed(name) === registry)?.[1];
}

/** Keys are hosts, or addresses such as `https://index.docker.io/v1/`. */
function registryNamed(key: string): string {
  const host = key.replace(/^https?:\/\//, "").split("/", 1)[0]!;
  return DEFAULT_NAMES.includes(host) ? DEFAULT_REGISTRY : host;
}

function headerOf(entry: unknown, registry: string): string | undefined {
  if (typeof entry !== "object" || entry === null) return undefined;
  const { auth, username, password, identitytoken, registrytoken } = entry as Record<string, unknown>;
  const serveraddress = registry === DEFAULT_REGISTRY ? "https://index.docker.io/v1/" : registry;
  const login = isText(identitytoken)
    ? { identitytoken }
    : isText(registrytoken)
    ? { registrytoken }
    : isText(auth)
    ? decodeLogin(auth)
    : isText(username) && isText(password)
    ? { username, password }
    : undefined;
  if (!login) return undefined;
  const base64 = Buffer.from(JSON.stringify({ ...login, serveraddress })).toString("base64");
  // The engine reads the alphabet for URLs, with padding.
  return base64.replaceAll("+", "-").replaceAll("/", "_");
}

function decodeLogin(auth: string): { username: string; password: string } | undefined {
  const text = Buffer.from(auth, "base64").toString();
  const colon = text.indexOf(":");
  if (colon < 1) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1).split("\0", 1)[0]! };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

async function readSmall(path: string): Promise<string> {
  if ((await Deno.stat(path)).size > MAX_FILE_BYTES) throw new RangeError("too large");
  return await Deno.readTextFile(path);
}
