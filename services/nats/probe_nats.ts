/**
 * Probes a NATS server.
 *
 * @module
 */

import { jetstreamManager } from "@nats-io/jetstream";
import { connectNats } from "./connect_nats.ts";
import { EVENTS_STREAM } from "./nats_bot_events.ts";
import { describeMissingStream } from "./nats_consumer_setup.ts";

/** Result of probing a NATS server. */
export interface NatsProbe {
  /** The servers' addresses. */
  readonly where: string;
  /** Why the login failed; holds no credential. */
  readonly problem?: string;
  /** Why there is no stream of events. */
  readonly withoutStream?: string;
}

const STREAM_LOOKUP_TIMEOUT_MS = 3_000;

/**
 * Logs in to a NATS server and looks for the publisher's stream.
 *
 * @param urls Comma-separated addresses.
 * @param signal Aborts the probe.
 * @returns The result.
 * @throws {InvalidConfigError} If an address is invalid. The signal's reason, if it is aborted.
 */
export async function probeNats(urls: string, signal: AbortSignal): Promise<NatsProbe> {
  const connector = connectNats(urls, { name: "berth doctor" });
  const { where } = connector;
  let connection;
  try {
    connection = await connector.connect(signal);
  } catch (error) {
    signal.throwIfAborted();
    return { where, problem: `no server accepts the connection: ${(error as Error).message}` };
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
