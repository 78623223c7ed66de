/**
 * Receives events from the stream.
 *
 * @module
 */

import type { Consumer, JsMsg } from "@nats-io/jetstream";
import { parseBotEvent } from "../events/bot_event.ts";
import type { BotEventHandlers } from "../events/bot_events.ts";
import { type ChangeDelivery, MAX_CONCURRENT_CHANGES } from "../events/change_delivery.ts";
import type { ChangeQueue } from "../events/change_queue.ts";
import type { Backlog } from "./nats_backlog.ts";
import type { DurableConsumer } from "./nats_consumer_setup.ts";
import { orderOf } from "./nats_event_order.ts";

/** How long one pull request waits for events, in ms. */
const PULL_EXPIRY_MS = 30_000;
/**
 * Interval of the server's heartbeats during a pull, in ms. Two missed heartbeats mean a lost consumer: longer than a busy machine
 * pauses, and short enough to notice a lost one within 30 s.
 */
const HEARTBEAT_INTERVAL_MS = 5_000;
/** Most events in one pull while the backlog has already applied them; they are acknowledged at once. */
const APPLIED_PER_PULL = 500;
/** Delay before the redelivery of an event whose bot has a change in the queue, in ms. */
const RETRY_BEHIND_QUEUE_MS = 500;

/** Input of {@linkcode receiveStreamEvents}. */
export interface StreamEventsOptions {
  /** The consumer. */
  readonly durable: DurableConsumer;
  /** Events that the backlog applied without acknowledging them. */
  readonly backlog: Backlog;
  /** Subjects without their last part. */
  readonly subjectPrefix: string;
  /** Called with events that cannot be parsed. */
  readonly onMalformed: BotEventHandlers["onMalformed"];
  /** Delivers the changes. */
  readonly delivery: ChangeDelivery;
  /** Changes that arrived without the stream and are not accepted yet. */
  readonly queue: ChangeQueue;
  /** Time without a sign of progress after which the server redelivers an event, in ms. */
  readonly ackWaitMs: number;
  /** Ends the delivery. */
  readonly signal: AbortSignal;
}

/**
 * Delivers several events of the stream at once, those of one bot in order, and acknowledges each once it is
 * accepted. Pulls no more events than it can deliver at once: an event that waited here could exceed its
 * acknowledgement time. Live events come after those that the backlog has applied, so these are pulled in large batches.
 *
 * @param options The consumer, and where changes go.
 * @returns Resolves when the signal is aborted.
 * @throws {Error} If the consumer is lost.
 */
export async function receiveStreamEvents(options: StreamEventsOptions): Promise<void> {
  const { durable, backlog, signal } = options;
  const given = new Set<Promise<void>>();
  let applied = backlog.upTo > 0 && backlog.left.size === 0 ? durable.waiting : 0;
  const give = (message: JsMsg) => {
    applied--;
    const one = handle(message, options).finally(() => given.delete(one));
    given.add(one);
  };
  try {
    while (!signal.aborted) {
      const free = Math.max(MAX_CONCURRENT_CHANGES - given.size, Math.min(applied, APPLIED_PER_PULL));
      if (free > 0) await pull(durable.consumer, free, give, signal);
      else await Promise.race(given);
    }
  } finally {
    await Promise.all(given);
  }
}

async function pull(
  consumer: Consumer,
  count: number,
  give: (message: JsMsg) => void,
  signal: AbortSignal,
): Promise<void> {
  const messages = await consumer.fetch({
    max_messages: count,
    expires: PULL_EXPIRY_MS,
    idle_heartbeat: HEARTBEAT_INTERVAL_MS,
  });
  const stop = () => void messages.close();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    // Do not await here: the library takes a slow reader for a lost consumer.
    for await (const message of messages) give(message);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function handle(message: JsMsg, options: StreamEventsOptions): Promise<void> {
  const { durable, backlog, subjectPrefix, onMalformed, delivery, queue, ackWaitMs, signal } = options;
  const { subject, data: payload, info, seq } = message;
  const isDone = seq <= backlog.upTo;
  if (isDone && backlog.left.size === 0) return quietly(() => message.ack());
  const parsed = parseBotEvent({ subject, subjectPrefix, payload, order: orderOf(message, durable) });
  if ("problem" in parsed) {
    if (!isDone) onMalformed(subject, parsed.problem);
    return quietly(() => message.term());
  }
  if (isDone && !backlog.left.has(parsed.change.id)) return quietly(() => message.ack());
  if (signal.aborted) return quietly(() => message.nak());
  if (queue.has(parsed.change.id)) return quietly(() => message.nak(RETRY_BEHIND_QUEUE_MS));
  const sign = setInterval(() => quietly(() => message.working()), ackWaitMs / 3);
  try {
    const delayMs = await delivery.deliver(parsed.change, info.deliveryCount);
    quietly(() => delayMs === undefined ? message.ack() : message.nak(delayMs));
  } catch (error) {
    if (!signal.aborted) throw error;
    quietly(() => message.nak());
  } finally {
    clearInterval(sign);
  }
}

/** Ignores a lost connection: the server then redelivers the event. */
function quietly(say: () => void): void {
  try {
    say();
  } catch {
    // See above.
  }
}
