/**
 * Bounds the size that a message of a MongoDB server may claim. The driver (7.9.0) takes messages from its
 * buffer while there are any: a message of size 0 makes that an endless loop, which blocks the whole process.
 *
 * @module
 */

import { BufferPool } from "mongodb/lib/utils.js";

/** Size of a message's header. */
const MIN_BYTES = 16;
/** Servers send at most 48 MB. */
const MAX_BYTES = 64 * 1024 * 1024;
/** The driver refuses a negative size, and closes the connection. */
const REFUSED = -1;

/** Makes the driver refuse impossible message sizes. Call it once, before the first connection. */
export function boundMessageSizes(): void {
  const { getInt32 } = BufferPool.prototype;
  BufferPool.prototype.getInt32 = function (this: BufferPool): number | null {
    const size = getInt32.call(this);
    return size === null || (size >= MIN_BYTES && size <= MAX_BYTES) ? size : REFUSED;
  };
}
