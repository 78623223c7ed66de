/**
 * Events as an API server publishes them.
 *
 * @module
 */

import type { NatsConnection } from "@nats-io/transport-node";
import type { PrivateNatsServer } from "./nats_server.ts";

/** Publishes on one connection for as long as the server is the same. */
export class EventPublisher implements AsyncDisposable {
  readonly #server: PrivateNatsServer;
  #connection: NatsConnection | undefined;

  /** @param server Where to. */
  constructor(server: PrivateNatsServer) {
    this.#server = server;
  }

  /** The connection, made anew when it is closed. */
  async connection(): Promise<NatsConnection> {
    if (!this.#connection || this.#connection.isClosed()) this.#connection = await this.#server.connect();
    return this.#connection;
  }

  /** Publishes a document. @param subject The subject. @param document Its payload. */
  async publish(subject: string, document: object): Promise<void> {
    const connection = await this.connection();
    connection.publish(subject, JSON.stringify(document));
    await connection.flush();
  }

  /** Closes the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection?.close();
  }
}
