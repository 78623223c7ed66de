/**
 * The objects that a supervisor fetches: the code, what was built for it, and a snapshot of the state.
 *
 * @module
 */

import type { WorkOrder } from "../../lib/cluster/work_orders.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";

/** How long an address is valid, in seconds: an archive may take its time, a repeated call gives new ones. */
const ADDRESS_SECONDS = 15 * 60;

/** Where supervisors reach Berth, as the path of an object. @param name Name of the object. */
function pathOf(name: string): string {
  return `/supervisor/v1/objects/${name}`;
}

/** Where an object is. */
export interface ObjectPlace {
  /** Its bucket. */
  readonly bucket: string;
  /** Its key. */
  readonly key: string;
}

/**
 * Says where the objects of an order are, by the names that its supervisor knows them by.
 *
 * @param order The order.
 * @param bucket Bucket of code and of what is built.
 */
export function objectsOf({ code, executable }: WorkOrder, bucket: string): ReadonlyMap<string, ObjectPlace> {
  const { libraries, scripts } = executable.dependencies ?? {};
  return new Map([
    ["code", { bucket, key: code.key }],
    ...(libraries ? [["libraries", { bucket, key: libraries.key }] as const] : []),
    ...(scripts ? [["scripts", { bucket, key: scripts.key }] as const] : []),
  ]);
}

/**
 * Makes the addresses of an object: first one of the object store itself, if it has any, then one of Berth's, which
 * streams the object. The supervisor tries them in this order.
 *
 * @param store The object store.
 * @param name The name by which the supervisor knows it.
 * @param place Where it is.
 */
export async function addressesOf(
  store: ObjectStore,
  name: string,
  { bucket, key }: ObjectPlace,
  method: "GET" | "PUT" = "GET",
): Promise<string[]> {
  const direct = await store.presign?.(bucket, key, { method, seconds: ADDRESS_SECONDS });
  return [...(direct === undefined ? [] : [direct]), pathOf(name)];
}
