/**
 * Where the result of a program waits for the runner.
 *
 * @module
 */

import type { WorkOrder } from "../../lib/cluster/work_orders.ts";

/** Key of the result of an order, in the bucket of the results. @param order The order. */
export function resultPlace({ id, executable }: WorkOrder): string {
  return `${executable.id}/orders/${id}.json`;
}
