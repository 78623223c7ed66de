/**
 * Applies the events that the stream received while nobody read it.
 *
 * @module
 */

import { DeliverPolicy, jetstream, type JsMsg } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { getLogger } from "@logtape/logtape";
import { backoffMs, RETRY } from "../../lib/util/backoff.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { BotChange } from "../documents/bot_repository.ts";
import { parseBotEvent } from "../events/bot_event.ts";
import type { BotEventHandlers } from "../events/bot_events.ts";
import type { ChangeDelivery } from "../events/change_delivery.ts";
import { ChangeFold } from "../events/change_fold.ts";
import type { ChangeQueue } from "../events/change_queue.ts";
import type { DurableConsumer } from "./nats_consumer_setup.ts";
import { orderOf } from "./nats_event_order.ts";

/** How many events one request asks for. */
const BATCH_SIZE = 500;
/** How long the server may stay silent while it sends them, in ms. */
const STALL_TIMEOUT_MS = 5_000;
/**
 * After this many rounds without success, the rest is delivered one event at a time, so that it does not hold
 * up other documents.
 */
const MAX_FAILED_ROUNDS = 8;

/** Input of {@linkcode applyBacklog}. */
export interface BacklogOptions {
  /** The connection. */
  readonly connection: NatsConnection;
  /** The consumer and its position in the stream. */
  readonly durable: DurableConsumer;
  /** Name of the stream. */
  readonly stream: string;
  /** Subjects without their last part. */
  readonly subjectPrefix: string;
  /** Called with events that cannot be parsed. */
  readonly onMalformed: BotEventHandlers["onMalformed"];
  /** Delivers the changes. */
  readonly delivery: ChangeDelivery;
  /** Changes that arrived without the stream and are not accepted yet. */
  readonly queue: ChangeQueue;
  /** The clock. */
  readonly clock: Clock;
  /** Ends the work. */
  readonly signal: AbortSignal;
}

/** The outcome of applying the backlog. */
export interface Backlog {
  /** Sequence in the stream up to which events were read. */
  readonly upTo: number;
  /** Documents whose changes were refused, so that their events still have to be delivered. */
  readonly left: ReadonlySet<string>;
}

/**
 * Reads the waiting events, and delivers per document only the changes that make a difference, so that
 * documents reach their final state without passing through every state in between. The events stay
 * unacknowledged: after a crash they are read again.
 *
 * @param options The consumer, and where changes go.
 * @returns The outcome.
 * @throws {Error} If the events cannot be read.
 */
export async function applyBacklog(options: BacklogOptions): Promise<Backlog> {
  const { durable, signal } = options;
  if (durable.waiting === 0) return { upTo: durable.takenUpTo, left: new Set() };
  const fold = new ChangeFold();
  const count = await readWaiting(options, (message) => {
    const { subject, data: payload } = message;
    const { subjectPrefix } = options;
    const parsed = parseBotEvent({ subject, subjectPrefix, payload, order: orderOf(message, durable) });
    if ("problem" in parsed) options.onMalformed(subject, parsed.problem);
    else fold.add(parsed.change);
  });
  getLogger(["berth", "events"]).info("{count} events of {documents} documents waited in the stream", {
    count,
    documents: fold.size,
  });
  const left = await giveAll(new Map(fold.entries()), options);
  signal.throwIfAborted();
  return { upTo: durable.lastSequence, left };
}

/** Returns the number of events that were read. */
async function readWaiting(
  { connection, durable, stream, subjectPrefix, signal }: BacklogOptions,
  onMessage: (message: JsMsg) => void,
): Promise<number> {
  const consumer = await jetstream(connection).consumers.get(stream, {
    // A list of filters needs a newer server.
    filter_subjects: `${subjectPrefix}.*`,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: durable.takenUpTo + 1,
  });
  try {
    let { num_pending: pending } = await consumer.info();
    let count = 0;
    while (pending > 0) {
      signal.throwIfAborted();
      const before = count;
      for await (
        const message of await consumer.fetch({ max_messages: BATCH_SIZE, expires: STALL_TIMEOUT_MS })
      ) {
        pending = message.info.pending;
        // Newer events are the consumer's.
        if (message.seq > durable.lastSequence) return count;
        count++;
        onMessage(message);
        if (pending === 0) break;
      }
      if (count === before) throw new Error("the server does not send the events that wait");
    }
    return count;
  } finally {
    await consumer.delete().catch(() => false);
  }
}

/** Returns the documents whose changes were refused. */
async function giveAll(
  changes: Map<string, readonly BotChange[]>,
  options: BacklogOptions,
): Promise<ReadonlySet<string>> {
  const { clock, signal } = options;
  for (let failedRounds = 0; changes.size > 0 && failedRounds < MAX_FAILED_ROUNDS;) {
    const before = changes.size;
    await Promise.all([...changes].map(async ([id, each]) => {
      if (await give(id, each, failedRounds + 1, options)) changes.delete(id);
    }));
    failedRounds = changes.size < before ? 0 : failedRounds + 1;
    if (changes.size > 0) await clock.sleep(backoffMs(failedRounds + 1, RETRY.store), signal);
  }
  return new Set(changes.keys());
}

async function give(
  id: string,
  changes: readonly BotChange[],
  attempt: number,
  { delivery, queue }: BacklogOptions,
): Promise<boolean> {
  if (queue.has(id)) return false;
  for (const change of changes) {
    if (await delivery.deliver(change, attempt) !== undefined) return false;
  }
  return true;
}
