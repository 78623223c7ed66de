/**
 * Notices that the secrets of a program have changed since its start.
 *
 * @module
 */

import { createHmac } from "node:crypto";
import { LRUCache } from "lru-cache";
import type { WorkOrder } from "../../lib/cluster/work_orders.ts";
import type { SecretReferences, SecretResolver } from "../../lib/secrets/secret_resolver.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { SessionBook, StoredSession } from "./session_book.ts";

/** How often the secrets of a program are compared, in ms. */
const COMPARE_MS = 30_000;
const MAX_KNOWN = 10_000;

/** Parts of {@linkcode SecretChanges}. */
export interface SecretChangesParts {
  /** The sessions. */
  readonly sessions: SessionBook;
  /** Reads secrets. */
  readonly secrets: Pick<SecretResolver, "peek">;
  /** The clock. */
  readonly clock: Clock;
}

/** Compares the secrets of programs with those that they were given, now and then. */
export class SecretChanges {
  readonly #parts: SecretChangesParts;
  readonly #comparedAt = new LRUCache<string, number>({ max: MAX_KNOWN });

  /** @param parts See {@linkcode SecretChangesParts}. */
  constructor(parts: SecretChangesParts) {
    this.#parts = parts;
  }

  /**
   * Compares the secrets of a program if that is due, and notes in its session that they have changed.
   *
   * @param order The order of the program.
   * @param session Its session.
   * @param nonce The secret of its supervisor.
   * @returns The comparison, which may take as long as a provider of secrets; `undefined` if none is due.
   */
  look({ id, executable }: WorkOrder, session: StoredSession, nonce: string): Promise<void> | undefined {
    const { secrets: references } = executable;
    if (!references || session.haveSecretsChanged) return undefined;
    const now = this.#parts.clock.monotonic();
    if (now - (this.#comparedAt.get(id) ?? -Infinity) < COMPARE_MS) return undefined;
    // At the start of a comparison: no renewal meanwhile makes a second one.
    this.#comparedAt.set(id, now);
    return this.#compare(id, references, session.secretsHash, nonce);
  }

  async #compare(
    id: string,
    references: SecretReferences,
    hash: StoredSession["secretsHash"],
    nonce: string,
  ): Promise<void> {
    const { sessions, secrets } = this.#parts;
    const values = await secrets.peek(references);
    // A value that cannot be read now counts as unchanged: what runs keeps running.
    if (!values || hashOfSecrets(nonce, values) === hash) return;
    await sessions.update(id, (session) => ({ ...session, haveSecretsChanged: true }));
  }
}

/**
 * Hashes secrets. Only the supervisor knows the key, so the database tells nothing of the values.
 *
 * @param nonce The secret of the supervisor.
 * @param values The secrets, by name.
 */
export function hashOfSecrets(nonce: string, values: ReadonlyMap<string, string>): string {
  const sorted = [...values].sort(([a], [b]) => a < b ? -1 : 1);
  return createHmac("sha256", nonce).update(JSON.stringify(sorted)).digest("hex");
}
