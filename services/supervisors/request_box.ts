/**
 * Requests to supervisors, and their answers. They come to any process of Berth, so both are in the database.
 *
 * @module
 */

import { EngineUnavailableError } from "../../lib/errors.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";
import { allRecords } from "../records/all_records.ts";
import type { RecordStore } from "../records/record_store.ts";
import type { SupervisorAnswer, SupervisorRequest } from "./supervisor_messages.ts";

const REQUESTS = "supervisor_requests";
const ANSWERS = "supervisor_answers";
/** How old the list of requests may be, in ms: all renewals of that time share one read. */
const FRESH_MS = 1000;
/** How long a renewal waits for the list at most, in ms: the next one gets what this one misses. */
const MAX_WAIT_MS = 500;
/** How often an answer is looked for that another process may have received, in ms. */
const POLL_MS = 500;

/** A request with its id. */
export type AskedRequest = SupervisorRequest & {
  /** Names its answer. */
  readonly id: string;
};

/** The requests and the answers. */
export class RequestBox {
  readonly #records: RecordStore;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, (answer: SupervisorAnswer) => void>();
  /** By order. */
  #known = new Map<string, AskedRequest[]>();
  #readAt = -Infinity;
  #reading: Promise<void> | undefined;
  /** Ends with the read, or sooner. */
  #refreshing: Promise<unknown> | undefined;

  /** @param records The database. @param clock The clock. */
  constructor(records: RecordStore, clock: Clock) {
    this.#records = records;
    this.#clock = clock;
  }

  /**
   * Asks a supervisor, and waits for its answer.
   *
   * @param order Id of the order.
   * @param request The request to it.
   * @param limitMs How long to wait, in ms.
   * @throws {EngineUnavailableError} If there is no answer in time.
   */
  async ask(
    order: string,
    request: SupervisorRequest,
    { limitMs, signal }: { readonly limitMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<SupervisorAnswer> {
    const id = `${order}.${crypto.randomUUID()}`;
    const { promise, resolve } = Promise.withResolvers<SupervisorAnswer>();
    this.#waiting.set(id, resolve);
    try {
      await this.#records.insert(REQUESTS, id, { ...request });
      this.#readAt = -Infinity;
      const endsAt = this.#clock.monotonic() + limitMs;
      while (true) {
        const waiting = new AbortController();
        const found = await Promise.race([
          promise,
          this.#clock.sleep(POLL_MS, signal ? AbortSignal.any([signal, waiting.signal]) : waiting.signal),
        ]).finally(() => waiting.abort());
        if (found) return found;
        const stored = await this.#records.get(ANSWERS, id);
        if (stored) return stored.value as unknown as SupervisorAnswer;
        if (this.#clock.monotonic() > endsAt) throw noAnswer();
      }
    } finally {
      this.#waiting.delete(id);
      await this.#remove(id).catch(() => {});
    }
  }

  /** Returns what a supervisor is asked to do. @param order Id of its order. */
  async requestsOf(order: string): Promise<readonly AskedRequest[]> {
    if (this.#clock.monotonic() - this.#readAt >= FRESH_MS) await this.#refresh();
    return this.#known.get(order) ?? [];
  }

  /** Takes an answer. @param order Id of the supervisor's order. @param answer The answer. */
  async take(order: string, answer: SupervisorAnswer): Promise<void> {
    if (!answer.id.startsWith(`${order}.`)) return;
    const waiter = this.#waiting.get(answer.id);
    const asked = this.#known.get(order);
    if (asked) this.#known.set(order, asked.filter(({ id }) => id !== answer.id));
    if (waiter) return waiter(answer);
    // The asker may have given up.
    if (await this.#records.delete(REQUESTS, answer.id)) {
      await this.#records.insert(ANSWERS, answer.id, { ...answer });
    }
  }

  /** Removes everything of an order. @param order Its id. */
  async removeAll(order: string): Promise<void> {
    for (const collection of [REQUESTS, ANSWERS]) {
      const left = await this.#records.list(collection, { prefix: `${order}.` });
      for (const { id } of left) await this.#records.delete(collection, id);
    }
  }

  async #remove(id: string): Promise<void> {
    await this.#records.delete(REQUESTS, id);
    await this.#records.delete(ANSWERS, id);
  }

  /** Reads the list, and waits for it. All renewals that come meanwhile wait together. */
  #refresh(): Promise<unknown> {
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
    return this.#refreshing ??= settledWithin(this.#reading, MAX_WAIT_MS, this.#clock)
      .finally(() => this.#refreshing = undefined);
  }

  async #read(): Promise<void> {
    const beganAt = this.#clock.monotonic();
    const known = new Map<string, AskedRequest[]>();
    for (const { id, value } of await allRecords(this.#records, REQUESTS)) {
      const order = id.slice(0, id.indexOf("."));
      known.set(order, [...known.get(order) ?? [], { ...value as unknown as SupervisorRequest, id }]);
    }
    this.#known = known;
    this.#readAt = beganAt;
  }
}

function noAnswer(): EngineUnavailableError {
  return new EngineUnavailableError("The supervisor in the container does not answer.", {
    advice: "Check whether its node reaches Berth: 'berth nodes' shows the nodes.",
  });
}
