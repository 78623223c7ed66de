/**
 * Receives events without a stream.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import type { Clock } from "../../lib/util/clock.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";
import { Wakeup } from "../../lib/util/wakeup.ts";
import { parseBotEvent } from "../events/bot_event.ts";
import type { BotEventHandlers } from "../events/bot_events.ts";
import type { ChangeQueue } from "../events/change_queue.ts";

/** Queue group of the subscribers, fixed by the outside contract. One member of the group gets each event. */
const QUEUE_GROUP = "runtime";

/** Input of {@linkcode receiveCoreEvents}. */
export interface CoreEventsOptions<T> {
  /** The connection. */
  readonly connection: NatsConnection;
  /** Subjects without their last part. */
  readonly subjectPrefix: string;
  /** Name of the stream to look for. */
  readonly stream: string;
  /** Looks up the stream; `undefined` if there is none. */
  readonly findStream: () => Promise<T | undefined>;
  /** Interval between two lookups, in ms. */
  readonly streamCheckMs: number;
  /** Limit for an answer of the server, in ms. */
  readonly callMs: number;
  /** Called when the subscription is active. */
  readonly onSubscribed: () => void;
  /** The subscriber. */
  readonly handlers: BotEventHandlers;
  /** Receives the changes. */
  readonly queue: ChangeQueue;
  /** The clock. */
  readonly clock: Clock;
  /** Ends the subscription. */
  readonly signal: AbortSignal;
}

/**
 * Queues incoming events until a stream appears.
 *
 * @param options The connection, and where changes go.
 * @returns The stream; `undefined` if the signal was aborted.
 * @throws {Error} If the server refuses the subscription, or the connection is lost.
 */
export async function receiveCoreEvents<T>(options: CoreEventsOptions<T>): Promise<T | undefined> {
  const { connection, subjectPrefix, stream, streamCheckMs, clock, signal } = options;
  const wakeup = new Wakeup();
  const timeOfNext = increasingTimes(clock);
  let refusal: Error | undefined;
  const events = connection.subscribe(`${subjectPrefix}.*`, {
    queue: QUEUE_GROUP,
    callback: (error, message) => {
      if (!error) return take(message, timeOfNext(), options);
      refusal = error;
      wakeup.wake();
    },
  });
  // If permitted, the server announces a new stream here; otherwise the next lookup finds it.
  const news = connection.subscribe(`$JS.EVENT.ADVISORY.STREAM.CREATED.${stream}`, {
    callback: (error) => {
      if (!error) wakeup.wake();
    },
  });
  try {
    await flush(options);
    if (!refusal) options.onSubscribed();
    // The first lookup is immediate: the stream may have appeared after the last one and before the server
    // knew of this subscription.
    while (!signal.aborted) {
      if (refusal) throw refusal;
      const found = await options.findStream();
      // Events received until now are not delivered by the consumer alone.
      if (found) await events.drain();
      if (found) return found;
      await wakeup.sleep({ ms: streamCheckMs, clock, signal });
    }
    return undefined;
  } finally {
    events.unsubscribe();
    news.unsubscribe();
  }
}

/** The library's flush never settles if the connection is closed meanwhile. */
async function flush<T>({ connection, callMs, clock }: CoreEventsOptions<T>): Promise<void> {
  const flushed = connection.flush();
  if (!await settledWithin(flushed, callMs, clock)) throw new Error("the server does not answer");
  await flushed;
}

/**
 * Without a stream, no event has a time of publication, so it counts as published now. No two events get the
 * same time.
 */
function increasingTimes(clock: Clock): () => number {
  let last = 0;
  return () => last = Math.max(clock.now(), last + 0.001);
}

function take<T>(
  { subject, data }: Msg,
  publishedAt: number,
  { subjectPrefix, handlers, queue }: CoreEventsOptions<T>,
): void {
  const parsed = parseBotEvent({ subject, subjectPrefix, payload: data, order: { publishedAt } });
  if ("problem" in parsed) return handlers.onMalformed(subject, parsed.problem);
  if (queue.add(parsed.change)) return;
  getLogger(["berth", "events"]).error("Too many events wait; one was dropped", { id: parsed.change.id });
  handlers.onGap();
}
