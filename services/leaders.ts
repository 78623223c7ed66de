/**
 * Which Berth leads each service, as the one that stands by sees it.
 *
 * @module
 */

import type { Clock } from "../lib/util/clock.ts";
import { SharedWork } from "../lib/util/shared_work.ts";
import type { LeadersPort } from "./api/leaders_port.ts";
import type { ServiceConfig, ServiceName } from "./config.ts";
import { StoreUnavailableError } from "./documents/bot_repository.ts";
import { type Leader, leaderIn } from "./ownership/leader_in.ts";
import type { ServiceRecord, ServiceRegistry } from "./ownership/service_registry.ts";
import { scopeOf } from "./who_serves.ts";

/** Dependencies of {@linkcode Leaders}. */
export interface LeadersParts {
  /** The registrations. */
  readonly registry: Pick<ServiceRegistry, "list">;
  /** Tells whether this process has the right to serve. */
  readonly leads: (service: ServiceName) => boolean;
  /** Identifies this host, see `Runner.hostId`. */
  readonly hostId: (signal: AbortSignal) => Promise<string>;
  /** The clock. */
  readonly clock: Clock;
}

/** How old the known registrations may be, in ms: many requests share one read. */
const FRESH_MS = 1000;
/** How old they may be while the database does not answer, in ms. */
const OUTAGE_MS = 60_000;

/** Reads the registrations when somebody asks. */
export class Leaders implements LeadersPort {
  readonly #config: ServiceConfig;
  readonly #parts: LeadersParts;
  readonly #shared = new SharedWork<readonly ServiceRecord[]>();
  #known: { readonly records: readonly ServiceRecord[]; readonly at: number } | undefined;

  /** @param config The configuration. @param parts See {@linkcode LeadersParts}. */
  constructor(config: ServiceConfig, parts: LeadersParts) {
    this.#config = config;
    this.#parts = parts;
  }

  /** {@inheritDoc LeadersPort.leads} */
  leads(service: ServiceName): boolean {
    return this.#parts.leads(service);
  }

  /** {@inheritDoc LeadersPort.find} */
  async find(service: ServiceName, signal: AbortSignal): Promise<Leader | undefined> {
    const leader = leaderIn(await this.#records(signal), scopeOf(service, this.#config));
    // This process may have led a moment ago, and doubt it now.
    return leader?.url === this.#config.peers?.own ? undefined : leader;
  }

  /** {@inheritDoc LeadersPort.isOnThisHost} */
  async isOnThisHost({ host }: Leader, signal: AbortSignal): Promise<boolean> {
    return host === await this.#parts.hostId(signal);
  }

  async #records(signal: AbortSignal): Promise<readonly ServiceRecord[]> {
    const { registry, clock } = this.#parts;
    const at = clock.monotonic();
    const ageMs = at - (this.#known?.at ?? -Infinity);
    if (this.#known && ageMs < FRESH_MS) return this.#known.records;
    try {
      const records = await this.#shared.run("all", (signal) => registry.list({ signal }), signal);
      this.#known = { records, at };
      return records;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof StoreUnavailableError)) throw error;
      return this.#known && ageMs < OUTAGE_MS ? this.#known.records : [];
    }
  }
}
