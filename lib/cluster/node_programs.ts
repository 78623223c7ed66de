/**
 * The nodes that have the supervisor's program.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { SwarmNode } from "../engine/swarm/swarm_answers.ts";
import { isUsable, meets } from "./node_conditions.ts";
import type { SupervisorFile } from "./supervisor/supervisor_files.ts";
import type { SupervisorProgram } from "./supervisor/supervisor_program.ts";

/** How many starts are remembered until their supervisors have begun. */
const MAX_STARTS = 10_000;

/** The nodes that a container may run on. */
export interface StartPlace {
  /** All nodes. */
  readonly nodes: readonly SwarmNode[];
  /** Conditions that its node meets. */
  readonly constraints: readonly string[];
  /** Whether it brings the program along in any case: a node may have lost its cache. */
  readonly isSure: boolean;
}

/**
 * Decides which containers bring the program along: those that may run on a node that is not known to have it. A process
 * gets to know a node by its first start there.
 */
export class NodePrograms {
  readonly #program: SupervisorProgram;
  readonly #nodes = new Set<string>();
  /** Orders whose supervisors have this version. */
  readonly #given = new LRUCache<string, true>({ max: MAX_STARTS });

  /** @param program The program. */
  constructor(program: SupervisorProgram) {
    this.#program = program;
  }

  /** Version of the program. */
  get version(): string {
    return this.#program.version;
  }

  /** Every file that a container may bring along. */
  get files(): SupervisorFile[] {
    return [...this.#program.parts.values()].flat();
  }

  /**
   * Returns the files that a container has to bring along.
   *
   * @param order Id of its order.
   * @param start See {@linkcode StartPlace}.
   */
  filesFor(order: string, { nodes, constraints, isSure }: StartPlace): SupervisorFile[] {
    this.#given.set(order, true);
    const machines = nodes
      .filter((node) => isUsable(node) && constraints.every((text) => meets(node, text)))
      .filter(({ Description }) => isSure || !this.#nodes.has(Description?.Hostname ?? ""))
      .map(({ Description }) => Description?.Platform?.Architecture ?? "");
    return [...new Set(machines)].flatMap((machine) => this.#program.parts.get(machine) ?? []);
  }

  /** Learns that a supervisor has begun. @param order Id of its order. @param node Name of its node. */
  begun(order: string, node: string): void {
    if (this.#given.delete(order)) this.#nodes.add(node);
  }

  /** Learns that a node does not have the program, or not any more. @param node Its name. */
  missing(node: string): void {
    this.#nodes.delete(node);
  }
}
