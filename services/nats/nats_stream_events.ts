/**
 * Events from the stream.
 *
 * @module
 */

import type { Consumer, JsMsg } from "@nats-io/jetstream";
import { parseBotEvent } from "../events/bot_event.ts";
import type { BotEventHandlers } from "../events/bot_events.ts";
import { type ChangeDelivery, MAX_CONCURRENT_CHANGES } from "../events/change_delivery.ts";
import type { ChangeQueue } from "../events/change_queue.ts";
import type { Backlog } from "./nats_backlog.ts";
import type { DurableConsumer } from "./nats_durable_consumer.ts";
import { orderOf } from "./nats_event_order.ts";

/** One question for an event lasts so long. */
const PULL_EXPIRY_MS = 30_000;
/** In that time the server gives a sign of life so often; without two of them the consumer is taken for lost. */
const IN_PROGRESS_INTERVAL_MS = 2_000;
/** When an event whose bot still has one in the queue is given again. */
const RETRY_BEHIND_QUEUE_MS = 500;

/** What {@linkcode receiveStreamEvents} needs. */
export interface StreamEventsOptions {
  /** Where the events come from. */
  readonly durable: DurableConsumer;
  /** The events that are done, although they were not acknowledged. */
  readonly backlog: Backlog;
  /** Subjects without their last part. */
  readonly subjectPrefix: string;
  /** Told of what cannot be understood. */
  readonly onMalformed: BotEventHandlers["onMalformed"];
  /** To whom changes are given. */
  readonly delivery: ChangeDelivery;
  /** Changes that came before, without the stream, and were not taken yet. */
  readonly queue: ChangeQueue;
  /** After how many ms without a sign the server gives an event again. */
  readonly ackWaitMs: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Gives the events of the stream, several at a time, those of one bot in order, and acknowledges each when it was
 * taken. No more are asked for than can be given: none waits here, where its time would run out.
 *
 * @returns Resolves when the signal is aborted.
 * @throws {Error} If the consumer is lost.
 */
export async function receiveStreamEvents(options: StreamEventsOptions): Promise<void> {
  const { durable, signal } = options;
  const given = new Set<Promise<void>>();
  const give = (message: JsMsg) => {
    const one = handle(message, options).finally(() => given.delete(one));
    given.add(one);
  };
  try {
    while (!signal.aborted) {
      const free = MAX_CONCURRENT_CHANGES - given.size;
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
    idle_heartbeat: IN_PROGRESS_INTERVAL_MS,
  });
  const stop = () => void messages.close();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    // Nothing is waited for here: the library takes a slow reader for a lost consumer.
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

/** On a connection that was lost meanwhile there is nothing to say: the server gives the event again. */
function quietly(say: () => void): void {
  try {
    say();
  } catch {
    // As said above.
  }
}
