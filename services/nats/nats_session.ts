/**
 * Receives events for the lifetime of one connection.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { NatsConnection } from "@nats-io/transport-node";
import { messageOf } from "../../lib/errors.ts";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { BotEventHandlers } from "../events/bot_events.ts";
import type { ChangeDelivery } from "../events/change_delivery.ts";
import type { ChangeQueue } from "../events/change_queue.ts";
import { applyBacklog, type Backlog } from "./nats_backlog.ts";
import { receiveCoreEvents } from "./nats_core_events.ts";
import { describeMissingStream, type DurableConsumer, openDurableConsumer } from "./nats_consumer_setup.ts";
import { receiveStreamEvents } from "./nats_event_consumer.ts";

/** A consumer that lasts at least this long counts as stable, in ms. */
const STABLE_AFTER_MS = 5_000;

/** Source of the events. */
export type NatsMode = "jetstream" | "core";

/** Input of {@linkcode receiveEvents}. */
export interface NatsSessionOptions {
  /** The connection. */
  readonly connection: NatsConnection;
  /** Name of the durable consumer. */
  readonly durableName: string;
  /** Subjects without their last part. */
  readonly subjectPrefix: string;
  /** Name of the stream. */
  readonly stream: string;
  /** Time limits and intervals, in ms. */
  readonly times: { readonly streamCheckMs: number; readonly ackWaitMs: number; readonly callMs: number };
  /** The subscriber. */
  readonly handlers: BotEventHandlers;
  /** Delivers the changes. */
  readonly delivery: ChangeDelivery;
  /** Changes that only this process keeps. */
  readonly queue: ChangeQueue;
  /** Called when a backlog is being read, with its size. */
  readonly onBacklog: (count: number) => void;
  /** Called when events begin to arrive; `reason` says why they come without the stream. */
  readonly onMode: (mode: NatsMode, reason?: string) => void;
  /** The clock. */
  readonly clock: Clock;
  /** Ends the session. */
  readonly signal: AbortSignal;
}

/**
 * Receives events from the stream if there is one, else without, and switches whenever that changes.
 *
 * @param options The connection, and where changes go.
 * @returns Resolves when the signal is aborted.
 * @throws {Error} If the connection allows no subscription.
 */
export async function receiveEvents(options: NatsSessionOptions): Promise<void> {
  const { clock, signal } = options;
  let found = await findConsumer(options);
  for (let losses = 0; !signal.aborted;) {
    const durable = found.durable ?? await receiveWithoutStream(options, found.reason);
    if (!durable || signal.aborted) return;
    const since = clock.monotonic();
    await receiveFromStream(options, durable);
    losses = clock.monotonic() - since < STABLE_AFTER_MS ? losses + 1 : 0;
    // A server that shuts down removes the stream first. Without this pause, that would look like a server
    // without a stream.
    await clock.sleep(backoffMs(losses + 1, RETRY.bus), signal).catch(() => {});
    if (!signal.aborted) found = await findConsumer(options);
  }
}

interface Found {
  readonly durable?: DurableConsumer;
  readonly reason?: string;
}

async function findConsumer(options: NatsSessionOptions): Promise<Found> {
  const { connection, stream, durableName, subjectPrefix, times: { ackWaitMs, callMs: limitMs } } = options;
  const filterSubject = `${subjectPrefix}.*`;
  try {
    return {
      durable: await openDurableConsumer(connection, {
        stream,
        durableName,
        filterSubject,
        ackWaitMs,
        limitMs,
      }),
    };
  } catch (error) {
    return { reason: describeMissingStream(error, stream) };
  }
}

async function receiveFromStream(options: NatsSessionOptions, durable: DurableConsumer): Promise<void> {
  const { handlers: { onMalformed }, times: { ackWaitMs }, onMode, signal } = options;
  const backlog = await readBacklog(options, durable);
  if (signal.aborted) return;
  onMode("jetstream");
  try {
    await receiveStreamEvents({ ...options, durable, backlog, ackWaitMs, onMalformed });
  } catch (error) {
    if (!signal.aborted) getLogger(["berth", "events"]).warn("The stream's consumer was lost", { error });
  }
}

/**
 * Falls back to the consumer, which delivers one event at a time, if the server's permissions allow no direct
 * read.
 */
async function readBacklog(options: NatsSessionOptions, durable: DurableConsumer): Promise<Backlog> {
  const { handlers: { onMalformed }, onBacklog, signal } = options;
  if (durable.waiting > 0) onBacklog(durable.waiting);
  try {
    return await applyBacklog({ ...options, durable, onMalformed });
  } catch (error) {
    if (!signal.aborted) {
      getLogger(["berth", "events"]).warn("applying waiting events one at a time: {reason}", {
        reason: messageOf(error),
      });
    }
    return { upTo: 0, left: new Set() };
  }
}

function receiveWithoutStream(
  options: NatsSessionOptions,
  reason?: string,
): Promise<DurableConsumer | undefined> {
  const { times: { streamCheckMs, callMs }, onMode } = options;
  return receiveCoreEvents({
    ...options,
    streamCheckMs,
    callMs,
    onSubscribed: () => onMode("core", reason),
    findStream: async () => (await findConsumer(options)).durable,
  });
}
