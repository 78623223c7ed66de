/**
 * The supervisor's files as configs of the Swarm, which all containers share.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { EngineError } from "../errors.ts";
import { LABEL } from "../engine/labels.ts";
import type { SwarmFile } from "../engine/swarm/swarm_service_spec.ts";
import type { SwarmObjects } from "../engine/swarm/swarm_objects.ts";
import type { SupervisorFile } from "./supervisor/supervisor_files.ts";

/** Kind of these configs, in their label. */
const KIND = "supervisor";
const HASH_LENGTH = 40;

/** Keeps one config for each content of a file, so that Berths of several versions get along. */
export class SupervisorConfigs {
  readonly #configs: Pick<SwarmObjects, "create" | "list" | "remove">;
  readonly #files: readonly SupervisorFile[];
  /** Ids of the configs by their names. */
  #ids: Promise<ReadonlyMap<string, string>> | undefined;

  /** @param configs The configs of the Swarm. @param files All files that this version has. */
  constructor(
    configs: Pick<SwarmObjects, "create" | "list" | "remove">,
    files: readonly SupervisorFile[],
  ) {
    this.#configs = configs;
    this.#files = files;
  }

  /** Makes sure that the Swarm has configs. @param files The files. @returns The files, to be mounted. */
  async ensure(files: readonly SupervisorFile[]): Promise<SwarmFile[]> {
    const named = files.map(({ path, content }) => ({ path, content, name: nameOf(content) }));
    let ids = await this.#known();
    const missing = named.filter(({ name }) => !ids.has(name));
    for (const { name, content } of missing) {
      const labels = { [LABEL.managed]: "true", [LABEL.kind]: KIND };
      // Another start, or another Berth, may create it at the same moment.
      await this.#configs.create({ name, labels, content });
    }
    if (missing.length > 0) {
      this.#ids = undefined;
      ids = await this.#known();
    }
    return named.map(({ path, name }) => {
      const id = ids.get(name);
      if (id === undefined) throw new EngineError(`Cannot store config '${name}' in the Swarm.`, 500);
      return { id, name, target: path, mode: 0o444 };
    });
  }

  /**
   * Creates the configs again after one was removed.
   *
   * @param mounted The files, as they were to be mounted.
   * @returns The configs to mount.
   */
  async ensureAgain(mounted: readonly SwarmFile[]): Promise<SwarmFile[]> {
    this.#ids = undefined;
    const targets = new Set(mounted.map(({ target }) => target));
    return await this.ensure(this.#files.filter(({ path }) => targets.has(path)));
  }

  /**
   * Removes the configs of other versions that no service uses.
   *
   * @returns Names of those that were removed.
   */
  async removeUnused(signal?: AbortSignal): Promise<string[]> {
    const own = new Set(this.#files.map(({ content }) => nameOf(content)));
    const removed: string[] = [];
    for (const { ID, Spec: { Name } } of await this.#configs.list({ [LABEL.kind]: KIND }, { signal })) {
      if (!own.has(Name) && await this.#configs.remove(ID, { signal })) removed.push(Name);
    }
    return removed;
  }

  #known(): Promise<ReadonlyMap<string, string>> {
    this.#ids ??= this.#list().catch((error) => {
      this.#ids = undefined;
      throw error;
    });
    return this.#ids;
  }

  async #list(): Promise<ReadonlyMap<string, string>> {
    const listed = await this.#configs.list({ [LABEL.kind]: KIND });
    return new Map(listed.map(({ ID, Spec }) => [Spec.Name, ID]));
  }
}

const names = new WeakMap<Uint8Array, string>();

/** Hashes each content once. */
function nameOf(content: Uint8Array): string {
  const known = names.get(content);
  if (known !== undefined) return known;
  const name = `berth-${createHash("sha256").update(content).digest("hex").slice(0, HASH_LENGTH)}`;
  names.set(content, name);
  return name;
}
