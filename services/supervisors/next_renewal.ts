/**
 * When supervisors renew their leases.
 *
 * @module
 */

import { leaseTimes } from "../../lib/cluster/cluster_leases.ts";
import type { WorkOrder } from "../../lib/cluster/work_orders.ts";

/**
 * Number of groups in which supervisors renew. Requests that come at the same moment cost a third of what they cost one
 * by one; if all came at once, other requests would wait for them.
 */
const GROUPS = 6;

/**
 * Returns when a supervisor should renew its lease again: at the next moment of its group.
 *
 * @param order Its order.
 * @param nowMs The current time, in ms by the monotonic clock.
 * @returns The time from now in ms: more than 0, and at most that between two renewals.
 */
export function nextRenewalInMs({ id, lease }: Pick<WorkOrder, "id" | "lease">, nowMs: number): number {
  const { renewEveryMs } = leaseTimes(lease.leaseSeconds);
  // The id is random.
  const group = Number.parseInt(id.slice(0, 8), 16) % GROUPS;
  const momentMs = group / GROUPS * renewEveryMs;
  return renewEveryMs - (nowMs + renewEveryMs - momentMs) % renewEveryMs;
}
