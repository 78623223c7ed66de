/**
 * Registrations of services in memory, under the same contract as those in a database.
 *
 * @module
 */

import { StoreUnavailableError } from "../../services/documents/bot_repository.ts";
import type {
  ServiceRecord,
  ServiceRecordState,
  ServiceRegistry,
  ServiceRenewal,
} from "../../services/ownership/service_registry.ts";

type Key = Pick<ServiceRecord, "epoch" | "token">;

/** Registrations that several services of one test share. */
export class MemoryServiceRegistry implements ServiceRegistry {
  readonly #records = new Map<number, ServiceRecord>();
  /** Whether it answers nobody. */
  isAway = false;

  /** {@inheritDoc ServiceRegistry.list} */
  list(): Promise<ServiceRecord[]> {
    return this.#answer(() => [...this.#records.values()]);
  }

  /** {@inheritDoc ServiceRegistry.insert} */
  insert(record: ServiceRecord): Promise<boolean> {
    return this.#answer(() => {
      if (this.#records.has(record.epoch)) return false;
      this.#records.set(record.epoch, { ...record });
      return true;
    });
  }

  /** {@inheritDoc ServiceRegistry.renew} */
  renew(key: Key, renewal: ServiceRenewal): Promise<boolean> {
    return this.#answer(() => this.#change(key, ["active"], renewal));
  }

  /** {@inheritDoc ServiceRegistry.end} */
  end(key: Key, state: Exclude<ServiceRecordState, "active">): Promise<void> {
    return this.#answer(() => void this.#change(key, ["active", "ended"], { state }));
  }

  /** {@inheritDoc ServiceRegistry.removeReleased} */
  removeReleased(before: number): Promise<void> {
    return this.#answer(() => {
      for (const { epoch, state } of this.#records.values()) {
        if (epoch < before && state === "released") this.#records.delete(epoch);
      }
    });
  }

  #change({ epoch, token }: Key, states: ServiceRecordState[], change: Partial<ServiceRecord>): boolean {
    const record = this.#records.get(epoch);
    if (!record || record.token !== token || !states.includes(record.state)) return false;
    this.#records.set(epoch, { ...record, ...change });
    return true;
  }

  async #answer<T>(work: () => T): Promise<T> {
    await Promise.resolve();
    if (this.isAway) throw new StoreUnavailableError("The test's registry is down.");
    return work();
  }
}
