/**
 * Work orders in the database.
 *
 * @module
 */

import { LRUCache } from "lru-cache";
import type { OrderCallOptions, WorkOrder, WorkOrders } from "../../lib/cluster/work_orders.ts";
import { allRecords } from "../records/all_records.ts";
import type { RecordStore } from "../records/record_store.ts";
import { hashOfToken, newToken, orderOfToken } from "./supervisor_token.ts";

const ORDERS = "supervisor_orders";
const BOOTSTRAP = "bo";
const MAX_KNOWN = 1_000;

interface StoredOrder {
  readonly order: WorkOrder;
  readonly hash: string;
}

/** Keeps orders, each with the hash of the token that a supervisor takes it up with. */
export class OrderRecords implements WorkOrders {
  readonly #records: RecordStore;
  /** Orders of this process, which their supervisors mostly take up soon. A removed one has no lease. */
  readonly #given = new LRUCache<string, StoredOrder>({ max: MAX_KNOWN });
  readonly #onRemove: (order: WorkOrder, options: OrderCallOptions) => Promise<void>;

  /**
   * @param records The database.
   * @param onRemove Removes what else there is of an order, before the order itself.
   */
  constructor(
    records: RecordStore,
    onRemove: (order: WorkOrder, options: OrderCallOptions) => Promise<void>,
  ) {
    this.#records = records;
    this.#onRemove = onRemove;
  }

  /** {@inheritDoc WorkOrders.put} */
  async put(order: WorkOrder, options: OrderCallOptions = {}): Promise<string> {
    const token = newToken(BOOTSTRAP, order.id);
    const value = { order, hash: hashOfToken(token) } satisfies StoredOrder;
    while (!await this.#records.insert(ORDERS, order.id, value, options)) {
      // The answer of an earlier call was lost, and its token with it.
      const found = await this.#records.get(ORDERS, order.id, options);
      if (found && await this.#records.replace(ORDERS, order.id, found.revision, value, options)) break;
    }
    this.#given.set(order.id, value);
    return token;
  }

  /** {@inheritDoc WorkOrders.get} */
  async get(id: string, options: OrderCallOptions = {}): Promise<WorkOrder | undefined> {
    return (await this.#records.get(ORDERS, id, options))?.value.order as WorkOrder | undefined;
  }

  /** {@inheritDoc WorkOrders.remove} */
  async remove(id: string, options: OrderCallOptions = {}): Promise<void> {
    this.#given.delete(id);
    const order = await this.get(id, options);
    if (!order) return;
    await this.#onRemove(order, options);
    await this.#records.delete(ORDERS, id, options);
  }

  /** {@inheritDoc WorkOrders.list} */
  async list(options: OrderCallOptions = {}): Promise<string[]> {
    return (await allRecords(this.#records, ORDERS, options)).map(({ id }) => id);
  }

  /** Finds the order of a token that {@linkcode put} has given. @returns `undefined` if it is of no order. */
  async ofToken(token: string, options: OrderCallOptions = {}): Promise<WorkOrder | undefined> {
    const id = orderOfToken(BOOTSTRAP, token);
    if (id === undefined) return undefined;
    const found = this.#given.get(id) ??
      (await this.#records.get(ORDERS, id, options))?.value as StoredOrder | undefined;
    return found?.hash === hashOfToken(token) ? found.order : undefined;
  }
}
