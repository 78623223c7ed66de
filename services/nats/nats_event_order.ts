/**
 * Where an event of the stream stands among the others.
 *
 * @module
 */

import type { JsMsg } from "@nats-io/jetstream";
import type { EventOrder } from "../documents/bot_repository.ts";
import type { DurableConsumer } from "./nats_durable_consumer.ts";

/**
 * Reads the order of an event.
 *
 * @param message The event.
 * @param durable Our place in the stream: what was published before that was made is history.
 * @returns Its sequence and time, both by the server.
 */
export function orderOf(
  { seq, time }: Pick<JsMsg, "seq" | "time">,
  { sequenceBase, createdAt }: Pick<DurableConsumer, "sequenceBase" | "createdAt">,
): EventOrder {
  const publishedAt = time.getTime();
  return { sequence: sequenceBase + seq, publishedAt, ...(publishedAt < createdAt && { isHistory: true }) };
}
