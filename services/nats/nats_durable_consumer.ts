/**
 * Our place in the publisher's stream.
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

/** How many events may wait for being given again; as long as so many do, no other is given. */
const MAX_ACK_PENDING = 1_000;
const NANOS_PER_MS = 1_000_000;
/** Room for so many sequences in each second of a stream's age. */
const SEQUENCES_PER_SECOND = 2 ** 21;

/** Which consumer of which stream. */
export interface DurableConsumerOptions {
  /** Name of the stream. */
  readonly stream: string;
  /** Name of the consumer. */
  readonly durableName: string;
  /** Subjects that are wanted. */
  readonly filterSubject: string;
  /** After how many ms without a sign an event is given again. */
  readonly ackWaitMs: number;
  /** Time limit of each question to the server, in ms. */
  readonly limitMs: number;
}

/** A consumer that is there. */
export interface DurableConsumer {
  /** The consumer. */
  readonly consumer: Consumer;
  /**
   * To be added to the sequences of the stream, so that those of a stream that was deleted and made again, which
   * begin at 1, are larger than those of its predecessor.
   */
  readonly sequenceBase: number;
  /** When it was made, in ms since the epoch by the server's clock: what is older was published before Berth connected. */
  readonly createdAt: number;
  /** Sequence in the stream up to which everything was taken. */
  readonly takenUpTo: number;
  /** Last sequence of the stream. */
  readonly lastSequence: number;
  /** How many events there are that were not taken yet. */
  readonly waiting: number;
}

/**
 * Finds our durable consumer, or makes it. A new one begins with the oldest event that the stream still has, so
 * that none is lost; those that were applied before are recognised by their order. The stream itself is the
 * publisher's and is never touched.
 *
 * @param connection The connection.
 * @returns The consumer.
 * @throws {Error} If there is no stream, or no JetStream, or the server refuses; see {@linkcode describeMissingStream}.
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
 * Why there is no consumer.
 *
 * @param error What {@linkcode openDurableConsumer} threw.
 * @param stream Name of the stream.
 * @returns The reason, in words.
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
    throw new Error(`its consumer '${durableName}' is of another kind; delete it, and it is made anew`);
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
