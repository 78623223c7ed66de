/**
 * The durable consumer: Berth's position in the publisher's stream.
 *
 * @module
 */

import {
  AckPolicy,
  DeliverPolicy,
  jetstream,
  JetStreamApiCodes,
  JetStreamApiError,
  jetstreamManager,
} from "@nats-io/jetstream";
import type { Consumer, ConsumerConfig, ConsumerInfo, JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";

/** How many events may wait for a redelivery. Beyond that, the server delivers no others. */
const MAX_ACK_PENDING = 1_000;
const NANOS_PER_MS = 1_000_000;
/** Room for this many sequences in each second of a stream's age. */
const SEQUENCES_PER_SECOND = 2 ** 21;

/** Names the consumer and its stream. */
export interface DurableConsumerOptions {
  /** Name of the stream. */
  readonly stream: string;
  /** Name of the consumer. */
  readonly durableName: string;
  /** Subjects to receive. */
  readonly filterSubject: string;
  /** Time without a sign of progress after which an event is redelivered, in ms. */
  readonly ackWaitMs: number;
  /** Limit for each request to the server, in ms. */
  readonly limitMs: number;
}

/** An existing consumer. */
export interface DurableConsumer {
  /** The consumer. */
  readonly consumer: Consumer;
  /**
   * Offset to add to the stream's sequences. A stream that is deleted and created again starts at 1; the
   * offset keeps its sequences larger than its predecessor's.
   */
  readonly sequenceBase: number;
  /**
   * When the consumer was created, in ms since the epoch by the server's clock. Older events were published
   * before Berth first connected.
   */
  readonly createdAt: number;
  /** Sequence in the stream up to which every event was accepted. */
  readonly takenUpTo: number;
  /** Last sequence of the stream. */
  readonly lastSequence: number;
  /** Number of events that were not accepted yet. */
  readonly waiting: number;
}

/**
 * Finds the durable consumer or creates it. A new one starts at the oldest event of the stream, so that none
 * is lost; the order of events shows which were applied before. The stream belongs to the publisher and is
 * never changed.
 *
 * @param connection The connection.
 * @param options Names and limits.
 * @returns The consumer.
 * @throws {Error} If there is no stream or no JetStream, or the server refuses; see
 * {@linkcode describeMissingStream}.
 */
export async function openDurableConsumer(
  connection: NatsConnection,
  options: DurableConsumerOptions,
): Promise<DurableConsumer> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: options.limitMs });
  const { created, state } = await manager.streams.info(options.stream);
  const info = await ensureConsumer(manager, options);
  return {
    consumer: jetstream(connection).consumers.getConsumerFromInfo(info),
    sequenceBase: Math.floor(Date.parse(created) / 1000) * SEQUENCES_PER_SECOND,
    createdAt: Date.parse(info.created),
    takenUpTo: info.ack_floor.stream_seq,
    lastSequence: state.last_seq,
    waiting: info.num_pending + info.num_ack_pending,
  };
}

/**
 * Describes why there is no consumer.
 *
 * @param error The error of {@linkcode openDurableConsumer}.
 * @param stream Name of the stream.
 * @returns The reason, for a message.
 */
export function describeMissingStream(error: unknown, stream: string): string {
  if (isApiError(error, JetStreamApiCodes.StreamNotFound)) return `there is no stream '${stream}'`;
  const { name, message } = error as Error;
  if (name === "JetStreamNotEnabled") return "JetStream is not enabled on the server";
  return `the stream '${stream}' cannot be read: ${message}`;
}

async function ensureConsumer(
  manager: JetStreamManager,
  options: DurableConsumerOptions,
): Promise<ConsumerInfo> {
  const { stream, durableName } = options;
  const wanted = {
    filter_subject: options.filterSubject,
    ack_wait: options.ackWaitMs * NANOS_PER_MS,
    max_ack_pending: MAX_ACK_PENDING,
    max_deliver: -1,
  } as const satisfies Partial<ConsumerConfig>;
  const found = await findConsumer(manager, options);
  if (!found) {
    return await manager.consumers.add(stream, {
      ...wanted,
      durable_name: durableName,
      description: "Berth: the documents of its bots",
      ack_policy: AckPolicy.Explicit,
      deliver_policy: DeliverPolicy.All,
    });
  }
  const { config } = found;
  if (config.ack_policy !== AckPolicy.Explicit || config.deliver_subject) {
    throw new Error(
      `its consumer '${durableName}' has an incompatible configuration; delete it, and Berth recreates it`,
    );
  }
  const isAsWanted = Object.entries(wanted).every(([name, value]) =>
    config[name as keyof ConsumerConfig] === value
  );
  return isAsWanted ? found : await manager.consumers.update(stream, durableName, wanted);
}

async function findConsumer(
  manager: JetStreamManager,
  { stream, durableName }: DurableConsumerOptions,
): Promise<ConsumerInfo | undefined> {
  try {
    return await manager.consumers.info(stream, durableName);
  } catch (error) {
    if (isApiError(error, JetStreamApiCodes.ConsumerNotFound)) return undefined;
    throw error;
  }
}

function isApiError(error: unknown, code: JetStreamApiCodes): boolean {
  return error instanceof JetStreamApiError && error.code === code;
}
