/**
 * Events without a stream.
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

/** The group of subscribers of which one gets each event, fixed by the outside contract. */
const QUEUE_GROUP = "runtime";

/** What {@linkcode receiveCoreEvents} needs. */
export interface CoreEventsOptions<T> {
  /** The connection. */
  readonly connection: NatsConnection;
  /** Subjects without their last part. */
  readonly subjectPrefix: string;
  /** Name of the stream that is looked for. */
  readonly stream: string;
  /** Looks for it: `undefined` when there is none. */
  readonly findStream: () => Promise<T | undefined>;
  /** How often, in ms. */
  readonly streamCheckMs: number;
  /** An answer of the server, in ms. */
  readonly callMs: number;
  /** The subscription stands. */
  readonly onSubscribed: () => void;
  /** The subscriber. */
  readonly handlers: BotEventHandlers;
  /** Takes the changes. */
  readonly queue: ChangeQueue;
  /** The clock. */
  readonly clock: Clock;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/**
 * Puts the events that come in the queue, until there is a stream.
 *
 * @returns What was found; `undefined` when the signal was aborted.
 * @throws {Error} If the server does not let us subscribe, or the connection is lost.
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
  // The server tells of a new stream, where we may hear it; without that it is found a little later.
  const news = connection.subscribe(`$JS.EVENT.ADVISORY.STREAM.CREATED.${stream}`, {
    callback: (error) => {
      if (!error) wakeup.wake();
    },
  });
  try {
    await flush(options);
    if (!refusal) options.onSubscribed();
    // Looked for at once: it may have been made after the last look, and before the server knew that we listen.
    while (!signal.aborted) {
      if (refusal) throw refusal;
      const found = await options.findStream();
      // What came until now is not for the stream's consumer alone.
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

/** The library never ends a flush whose connection is closed meanwhile. */
async function flush<T>({ connection, callMs, clock }: CoreEventsOptions<T>): Promise<void> {
  const flushed = connection.flush();
  if (!await settledWithin(flushed, callMs, clock)) throw new Error("the server does not answer");
  await flushed;
}

/** Without a stream nobody says when an event was published: it is now. Two events never have the same time. */
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
