/**
 * Records the trees on disk and their use. Pure.
 *
 * @module
 */

import type { CodeTree } from "./code_tree.ts";

/** Record of one tree. */
export interface TreeRecord {
  /** The tree. */
  readonly tree: CodeTree;
  /** Its size in bytes. */
  readonly bytes: number;
  /** Number of uses in progress. */
  leases: number;
  /** Number of all uses. */
  uses: number;
  /** Whether all of its files exist; absent until they are checked. */
  isWhole?: boolean;
}

/** Trees by the hash of their archive, least recently used first. */
export class TreeIndex {
  readonly #records = new Map<string, TreeRecord>();

  /** Size of all trees in bytes. A file that two trees share counts twice. */
  get bytes(): number {
    let total = 0;
    for (const { bytes } of this.#records.values()) total += bytes;
    return total;
  }

  /** Adds a tree as the most recently used one. @param record The tree. */
  add(record: TreeRecord): void {
    this.#records.set(record.tree.sha256, record);
  }

  /** Returns a tree without a lease. @param sha256 Hash of its archive. */
  get(sha256: string): CodeTree | undefined {
    return this.#records.get(sha256)?.tree;
  }

  /**
   * Leases a tree to the caller, who decrements `leases` at the end.
   *
   * @param sha256 Hash of its archive.
   * @returns The tree; `undefined` if there is no such tree.
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

  /** Removes a tree from the index. @param record The tree. @returns False if the index does not contain it. */
  forget(record: TreeRecord): boolean {
    const { sha256 } = record.tree;
    return this.#records.get(sha256) === record && this.#records.delete(sha256);
  }

  /** Returns the most recently used trees that are known to be whole. @param count Largest number of trees. */
  recent(count: number): CodeTree[] {
    const whole = [...this.#records.values()].filter(({ isWhole }) => isWhole);
    return whole.slice(-count).map(({ tree }) => tree);
  }

  /** Returns the trees without a use in progress, least recently used first, with the number of their uses. */
  idle(): { record: TreeRecord; uses: number }[] {
    return [...this.#records.values()].filter(({ leases }) => leases === 0)
      .map((record) => ({ record, uses: record.uses }));
  }
}
