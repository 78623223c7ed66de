/**
 * {@linkcode BotEventPublisher} to a NATS server.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/transport-node";
import { systemClock } from "../../lib/util/clock.ts";
import { settledWithin } from "../../lib/util/settled_within.ts";
import type { BotChange } from "../documents/bot_repository.ts";
import { type BotEventPublisher, EventsUnavailableError } from "../events/bot_event_publisher.ts";
import { BOT_SUBJECTS, writeBotEvent } from "../events/bot_event.ts";
import type { NatsConnector } from "./connect_nats.ts";

/** Options of a {@linkcode NatsBotPublisher}. */
export interface NatsBotPublisherOptions {
  /** Subjects of the events, without the last part. @default BOT_SUBJECTS */
  readonly subjectPrefix?: string;
}

/** Limit for the server's answer, and for closing the connection, in ms. */
const REQUEST_TIMEOUT_MS = 5_000;

/** Publishes to the same subjects as an API server. A stream captures them if there is one. */
export class NatsBotPublisher implements BotEventPublisher {
  readonly #connector: NatsConnector;
  readonly #subjectPrefix: string;
  #connection: Promise<NatsConnection> | undefined;

  /** @param connector Connects at the first change, see `connectNats()`. @param options The subjects. */
  constructor(connector: NatsConnector, { subjectPrefix = BOT_SUBJECTS }: NatsBotPublisherOptions = {}) {
    this.#connector = connector;
    this.#subjectPrefix = subjectPrefix;
  }

  /** {@inheritDoc BotEventPublisher.publish} */
  async publish(change: BotChange): Promise<void> {
    const { where } = this.#connector;
    try {
      this.#connection ??= this.#connector.connect(AbortSignal.timeout(REQUEST_TIMEOUT_MS));
      const connection = await this.#connection;
      const { subject, payload } = writeBotEvent(change, this.#subjectPrefix);
      connection.publish(subject, payload);
      const flushed = connection.flush();
      if (await settledWithin(flushed, REQUEST_TIMEOUT_MS, systemClock)) return await flushed;
    } catch (error) {
      this.#connection = undefined;
      const why = (error as Error).message;
      throw new EventsUnavailableError(`Cannot publish to ${where}: ${why}.`, { cause: error });
    }
    throw new EventsUnavailableError(`Cannot publish to ${where}: it does not answer.`);
  }

  /** Closes the connection if there is one. */
  async [Symbol.asyncDispose](): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    if (connection) await settledWithin(connection.close(), REQUEST_TIMEOUT_MS, systemClock);
  }
}
