/**
 * The order of an event of the stream.
 *
 * @module
 */

import type { JsMsg } from "@nats-io/jetstream";
import type { EventOrder } from "../documents/bot_repository.ts";
import type { DurableConsumer } from "./nats_consumer_setup.ts";

/**
 * Reads the order of an event.
 *
 * @param message The event.
 * @param durable The consumer: events published before it was created are history.
 * @returns Its sequence and time, both by the server.
 */
export function orderOf(
  { seq, time }: Pick<JsMsg, "seq" | "time">,
  { sequenceBase, createdAt }: Pick<DurableConsumer, "sequenceBase" | "createdAt">,
): EventOrder {
  const publishedAt = time.getTime();
  return { sequence: sequenceBase + seq, publishedAt, ...(publishedAt < createdAt && { isHistory: true }) };
}
