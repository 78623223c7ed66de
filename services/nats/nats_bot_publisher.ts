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
/** Limit for a new connection, in ms: a change that cannot be sent is acted on late. */
const CONNECT_TIMEOUT_MS = 10_000;

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
    const before = this.#connection;
    try {
      const isAnswered = await this.#send(change).catch((error) => {
        // It may have been lost since the last change.
        if (!before) throw error;
        return this.#send(change);
      });
      if (isAnswered) return;
    } catch (error) {
      const why = (error as Error).message;
      throw new EventsUnavailableError(`Cannot publish to ${where}: ${why}.`, { cause: error });
    }
    throw new EventsUnavailableError(`Cannot publish to ${where}: it does not answer.`);
  }

  /** @returns Whether the server has answered in time; else the change is sent once it does. */
  async #send(change: BotChange): Promise<boolean> {
    const connecting = this.#connection ??= this.#connector.connect(AbortSignal.timeout(CONNECT_TIMEOUT_MS));
    try {
      const connection = await connecting;
      const { subject, payload } = writeBotEvent(change, this.#subjectPrefix);
      connection.publish(subject, payload);
      // A connection that is lost meanwhile never answers.
      const lost = connection.closed().then((error) => Promise.reject(error ?? new Error("connection lost")));
      const flushed = Promise.race([connection.flush(), lost]);
      if (!await settledWithin(flushed, REQUEST_TIMEOUT_MS, systemClock)) return false;
      await flushed;
      return true;
    } catch (error) {
      // Another change may have a new one already.
      if (this.#connection === connecting) this.#connection = undefined;
      throw error;
    }
  }

  /** Closes the connection if there is one. */
  async [Symbol.asyncDispose](): Promise<void> {
    const connection = await this.#connection?.catch(() => undefined);
    if (connection) await settledWithin(connection.close(), REQUEST_TIMEOUT_MS, systemClock);
  }
}
