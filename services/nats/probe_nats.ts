/**
 * Whether a NATS server answers.
 *
 * @module
 */

import { jetstreamManager } from "@nats-io/jetstream";
import { connectNats } from "./connect_nats.ts";
import { EVENTS_STREAM } from "./nats_bot_events.ts";
import { describeMissingStream } from "./nats_durable_consumer.ts";

/** What a look at a NATS server found. */
export interface NatsProbe {
  /** Where it is. */
  readonly where: string;
  /** Why it does not let us in; holds no credential. */
  readonly problem?: string;
  /** Why there is no stream of the events. */
  readonly withoutStream?: string;
}

const STREAM_LOOKUP_TIMEOUT_MS = 3_000;

/**
 * Logs in to a NATS server and looks for the publisher's stream.
 *
 * @param urls Its address, or those of several.
 * @returns What was found.
 * @throws {InvalidConfigError} If an address cannot be read; the signal's reason when that was aborted.
 */
export async function probeNats(urls: string, signal: AbortSignal): Promise<NatsProbe> {
  const connector = connectNats(urls, { name: "berth doctor" });
  const { where } = connector;
  let connection;
  try {
    connection = await connector.connect(signal);
  } catch (error) {
    signal.throwIfAborted();
    return { where, problem: `no server lets us in: ${(error as Error).message}` };
  }
  try {
    const manager = await jetstreamManager(connection, {
      checkAPI: false,
      timeout: STREAM_LOOKUP_TIMEOUT_MS,
    });
    await manager.streams.info(EVENTS_STREAM);
    return { where };
  } catch (error) {
    return { where, withoutStream: describeMissingStream(error, EVENTS_STREAM) };
  } finally {
    await connection.close();
  }
}
