/**
 * What is known of the trees on disk. Pure.
 *
 * @module
 */

import type { CodeTree } from "./code_tree.ts";

/** One tree. */
export interface TreeRecord {
  /** The tree. */
  readonly tree: CodeTree;
  /** Its size in bytes. */
  readonly bytes: number;
  /** How many use it at this moment. */
  leases: number;
  /** How many have used it. */
  uses: number;
  /** Whether all of its files are there; absent: nobody has looked yet. */
  isWhole?: boolean;
}

/** Trees by the hash of their archive, least recently used first. */
export class TreeIndex {
  readonly #records = new Map<string, TreeRecord>();

  /** Size of all trees in bytes. Files that two trees share count twice. */
  get bytes(): number {
    let total = 0;
    for (const { bytes } of this.#records.values()) total += bytes;
    return total;
  }

  /** Adds a tree as the most recently used one. @param record The tree. */
  add(record: TreeRecord): void {
    this.#records.set(record.tree.sha256, record);
  }

  /**
   * Notes the use of a tree; the caller takes its lease back.
   *
   * @param sha256 Hash of its archive.
   * @returns The tree; `undefined` when it is not known.
   */
  lease(sha256: string): TreeRecord | undefined {
    const record = this.#records.get(sha256);
    if (!record) return undefined;
    record.leases++;
    record.uses++;
    this.#records.delete(sha256);
    this.#records.set(sha256, record);
    return record;
  }

  /** Forgets a tree. @param record The tree. @returns False when another one has its place, or none. */
  forget(record: TreeRecord): boolean {
    const { sha256 } = record.tree;
    return this.#records.get(sha256) === record && this.#records.delete(sha256);
  }

  /** The most recently used trees that are known to be whole. @param count How many at most. */
  recent(count: number): CodeTree[] {
    const whole = [...this.#records.values()].filter(({ isWhole }) => isWhole);
    return whole.slice(-count).map(({ tree }) => tree);
  }

  /** Trees that nobody uses at this moment, least recently used first, with the number of their uses. */
  idle(): { record: TreeRecord; uses: number }[] {
    return [...this.#records.values()].filter(({ leases }) => leases === 0)
      .map((record) => ({ record, uses: record.uses }));
  }
}
