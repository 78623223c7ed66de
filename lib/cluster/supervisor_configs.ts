/**
 * The supervisor's programs as configs of the Swarm, which all containers share.
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
  readonly #configs: SwarmObjects;
  readonly #files: readonly SupervisorFile[];
  #ensured: Promise<readonly SwarmFile[]> | undefined;

  /** @param configs The configs of the Swarm. @param files The files. */
  constructor(configs: SwarmObjects, files: readonly SupervisorFile[]) {
    this.#configs = configs;
    this.#files = files;
  }

  /** Makes sure that the Swarm has the configs. @returns The files, to be mounted. */
  ensure(): Promise<readonly SwarmFile[]> {
    this.#ensured ??= this.#ensure().catch((error) => {
      this.#ensured = undefined;
      throw error;
    });
    return this.#ensured;
  }

  /** Looks again at the next start: a config may have been removed. */
  forget(): void {
    this.#ensured = undefined;
  }

  /**
   * Removes the configs of other versions that no service uses.
   *
   * @returns Names of those that were removed.
   */
  async removeUnused(signal?: AbortSignal): Promise<string[]> {
    const own = new Set(this.#files.map(({ text }) => nameOf(text)));
    const removed: string[] = [];
    for (const { ID, Spec: { Name } } of await this.#configs.list({ [LABEL.kind]: KIND }, { signal })) {
      if (!own.has(Name) && await this.#configs.remove(ID, { signal })) removed.push(Name);
    }
    return removed;
  }

  async #ensure(): Promise<readonly SwarmFile[]> {
    const labels = { [LABEL.managed]: "true", [LABEL.kind]: KIND };
    let ids = await this.#ids();
    const missing = this.#files.filter(({ text }) => !ids.has(nameOf(text)));
    for (const { text } of missing) {
      // Another Berth may create it at the same moment.
      await this.#configs.create({ name: nameOf(text), labels, content: new TextEncoder().encode(text) });
    }
    if (missing.length > 0) ids = await this.#ids();
    return this.#files.map(({ path, text }) => {
      const name = nameOf(text);
      const id = ids.get(name);
      if (id === undefined) throw new EngineError(`Cannot store config '${name}' in the Swarm.`, 500);
      return { id, name, target: path, mode: 0o444 };
    });
  }

  async #ids(): Promise<Map<string, string>> {
    const listed = await this.#configs.list({ [LABEL.kind]: KIND });
    return new Map(listed.map(({ ID, Spec }) => [Spec.Name, ID]));
  }
}

function nameOf(text: string): string {
  return `berth-${createHash("sha256").update(text).digest("hex").slice(0, HASH_LENGTH)}`;
}
