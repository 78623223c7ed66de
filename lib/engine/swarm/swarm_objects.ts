/**
 * The configs and secrets of a Swarm.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { EngineCallOptions } from "../container_orchestrator.ts";
import { EngineError } from "../../errors.ts";
import { engineMessage, expectShape } from "../docker/dockerode_errors.ts";
import type { ManagerClient } from "./manager_client.ts";
import { hasSwarmId, isObjectList, type SwarmObject } from "./swarm_answers.ts";

/** A config or secret to create. */
export interface NewSwarmObject {
  /** Its name, at most 64 characters. */
  readonly name: string;
  /** Its labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** Its content, at most 500 KB. */
  readonly content: Uint8Array;
}

/** Creates, lists and removes the configs, or the secrets, of a Swarm. */
export class SwarmObjects {
  readonly #client: ManagerClient;
  readonly #kind: "config" | "secret";
  readonly #limitMs: number;

  /** @param client The managers. @param kind Which objects. @param limitMs Time limit of a call, in ms. */
  constructor(client: ManagerClient, kind: "config" | "secret", limitMs: number) {
    this.#client = client;
    this.#kind = kind;
    this.#limitMs = limitMs;
  }

  /**
   * Creates an object. The content is sent in the body of the request, never in its address.
   *
   * @param object The object.
   * @returns Its id; `undefined` if the name is taken.
   */
  async create(
    { name, labels, content }: NewSwarmObject,
    { signal }: EngineCallOptions = {},
  ): Promise<string | undefined> {
    const what = `create ${this.#kind} '${name}'`;
    const body = { Name: name, Labels: { ...labels }, Data: Buffer.from(content).toString("base64") };
    const request = { what, method: "POST", path: `/${this.#kind}s/create`, body, kind: "start" } as const;
    try {
      const { value } = await this.#client.call(request, { signal, limitMs: this.#limitMs });
      return expectShape(what, value, hasSwarmId).ID;
    } catch (error) {
      const isTaken = error instanceof EngineError &&
        (error.status === 409 || /name conflicts|already exists/i.test(engineMessage(error)));
      if (isTaken) return undefined;
      throw error;
    }
  }

  /** Lists objects. @param labels Labels that they have. */
  async list(
    labels: Readonly<Record<string, string>>,
    { signal }: EngineCallOptions = {},
  ): Promise<SwarmObject[]> {
    const what = `list ${this.#kind}s`;
    const label = Object.entries(labels).map(([name, value]) => `${name}=${value}`);
    const query = { filters: JSON.stringify({ label }) };
    const request = { what, method: "GET", path: `/${this.#kind}s`, query, kind: "read" } as const;
    const { value } = await this.#client.call(request, { signal, limitMs: this.#limitMs });
    return expectShape(what, value, isObjectList);
  }

  /**
   * Removes an object. Does nothing if there is none.
   *
   * @param id Its id or name.
   * @returns False if a service uses it, so that it stays.
   */
  async remove(id: string, { signal }: EngineCallOptions = {}): Promise<boolean> {
    const request = {
      what: `remove ${this.#kind} '${id}'`,
      method: "DELETE",
      path: `/${this.#kind}s/${encodeURIComponent(id)}`,
      kind: "remove",
    } as const;
    try {
      await this.#client.call(request, { signal, limitMs: this.#limitMs }, [404]);
      return true;
    } catch (error) {
      if (error instanceof EngineError && /in use/i.test(engineMessage(error))) return false;
      throw error;
    }
  }
}
