/**
 * Gives containers their secrets, and hides these in what the containers print.
 *
 * @module
 */

import { basename } from "node:path";
import { LABEL } from "../engine/labels.ts";
import { SecretUnavailableError } from "../errors.ts";
import type { FileOwner } from "../util/files.ts";
import { BlankRedactor, type Redactor, ValueRedactor } from "./redactor.ts";
import type { SecretFolders } from "./secret_folders.ts";
import type { SecretReferences, SecretResolver } from "./secret_resolver.ts";

/** Folder of the secrets in a container. */
export const SECRETS_MOUNT = "/run/secrets";

/** Labels of a container. */
type Labels = Readonly<Record<string, string>>;

/** The secrets of a container as its bot sees them. */
export interface GivenSecrets {
  /** Absolute path of the folder on the host, to be mounted read-only at {@linkcode SECRETS_MOUNT}. */
  readonly folder: string;
  /** Variables: `NAME_FILE` of each secret, and `NAME` if asked for. */
  readonly env: Readonly<Record<string, string>>;
  /** Values by name of the secret. */
  readonly values: ReadonlyMap<string, string>;
}

/** Options of {@linkcode ContainerSecrets.give}. */
export interface GiveOptions {
  /** Absolute path of the container's workspace. */
  readonly workspace: string;
  /** User that the bot runs as. */
  readonly user: FileOwner;
  /** Whether each secret is also a variable of its own. */
  readonly asEnv: boolean;
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
}

interface GivenValues {
  readonly version: number;
  readonly values: ReadonlyMap<string, string>;
}

/** The secrets of the containers of one instance. */
export class ContainerSecrets {
  readonly #resolver: SecretResolver;
  readonly #folders: SecretFolders;
  /** By name of the workspace. */
  readonly #redactors = new Map<string, Promise<Redactor | undefined>>();
  /** The secrets of each container, by name of the workspace. Their files do not change. */
  readonly #given = new Map<string, GivenValues>();

  /** @param resolver Reads the values. @param folders Folders of the containers. */
  constructor(resolver: SecretResolver, folders: SecretFolders) {
    this.#resolver = resolver;
    this.#folders = folders;
  }

  /**
   * Checks that every secret has a usable value, and that a container could be given it.
   *
   * @param references The references.
   * @param signal Cancels the call.
   * @throws {SecretUnavailableError} If one has none.
   * @throws {BerthError} If there is no folder in memory (`secrets/no-memory`).
   */
  async check(references: SecretReferences, signal?: AbortSignal): Promise<void> {
    await this.#folders.ensure();
    await this.#resolver.resolve(references, { signal });
  }

  /**
   * Reads the values now, and writes them into the folder of a container.
   *
   * @param references The references.
   * @param options See {@linkcode GiveOptions}.
   * @throws {SecretUnavailableError} If one has no usable value. Nothing is written then.
   */
  async give(references: SecretReferences, options: GiveOptions): Promise<GivenSecrets> {
    const { workspace, user, asEnv, signal } = options;
    const values = await this.#resolver.resolve(references, { signal });
    const name = basename(workspace);
    this.#redactors.set(name, Promise.resolve(redactorFor(values)));
    const folder = await this.#folders.create(name, values, user);
    const env = [...values].flatMap(([secret, value]) => [
      [`${secret}_FILE`, `${SECRETS_MOUNT}/${secret}`],
      ...(asEnv ? [[secret, value]] : []),
    ]);
    return { folder, env: Object.fromEntries(env), values };
  }

  /**
   * Finds what hides the secrets of a container, also of one that an earlier process has started: its values are still in
   * its folder. If the machine has lost its memory since, the values are read anew; output that may show a secret that
   * nobody knows any more is hidden entirely.
   *
   * @param labels Labels of the container.
   * @returns `undefined` if there is nothing to hide.
   */
  redactorOf(labels: Labels): Promise<Redactor | undefined> {
    const name = labels[LABEL.folder];
    if (!(LABEL.secrets in labels) || name === undefined) return Promise.resolve(undefined);
    const known = this.#redactors.get(name);
    if (known) return known;
    const found = this.#find(name, referencesOf(labels));
    this.#redactors.set(name, found);
    // A value that cannot be read now may be there for the next lines.
    const forget = () => this.#redactors.delete(name);
    found.then((redactor) => void (redactor instanceof BlankRedactor && forget()), forget);
    return found;
  }

  /**
   * Whether a container has other values than it would get now. A value that cannot be read now counts as unchanged:
   * what runs keeps running.
   *
   * @param labels Labels of the container.
   */
  async haveChanged(labels: Labels): Promise<boolean> {
    const name = labels[LABEL.folder];
    if (!(LABEL.secrets in labels) || name === undefined) return false;
    const now = await this.#resolver.peek(referencesOf(labels));
    if (!now) return false;
    const given = await this.#givenTo(name);
    return !given || given.size !== now.size ||
      [...now].some(([secret, value]) => given.get(secret) !== value);
  }

  /**
   * Removes the secrets of a container, if it has any.
   *
   * @param name Name of its workspace.
   */
  async remove(name: string): Promise<void> {
    await this.#folders.remove(name);
    this.#redactors.delete(name);
    this.#given.delete(name);
  }

  /** Returns the names of the workspaces whose containers have secrets. */
  names(): Promise<string[]> {
    return this.#folders.names();
  }

  /** Ends requests under way. */
  [Symbol.dispose](): void {
    this.#resolver[Symbol.dispose]();
  }

  async #givenTo(name: string): Promise<ReadonlyMap<string, string> | undefined> {
    const version = await this.#folders.version(name);
    if (version === undefined) return undefined;
    const known = this.#given.get(name);
    if (known?.version === version) return known.values;
    const values = await this.#folders.read(name);
    if (values) this.#given.set(name, { version, values });
    return values;
  }

  async #find(name: string, references: SecretReferences): Promise<Redactor | undefined> {
    const given = await this.#folders.read(name);
    if (given?.size === Object.keys(references).length) return redactorFor(given);
    try {
      return redactorFor(await this.#resolver.resolve(references));
    } catch (error) {
      if (!(error instanceof SecretUnavailableError)) throw error;
      return new BlankRedactor(
        `hidden by Berth, because it may show secret ${error.secret}, which cannot be read any more`,
      );
    }
  }
}

function redactorFor(values: ReadonlyMap<string, string>): Redactor | undefined {
  const redactor = new ValueRedactor(values.values());
  return redactor.isEmpty ? undefined : redactor;
}

/** A label that cannot be read counts as a secret that nobody knows. */
function referencesOf(labels: Labels): SecretReferences {
  try {
    const references: unknown = JSON.parse(labels[LABEL.secrets]!);
    if (typeof references === "object" && references !== null) return references as SecretReferences;
  } catch {
    // See below.
  }
  return { "?": "" };
}
