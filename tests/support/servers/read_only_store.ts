/**
 * A proxy to an object store that can refuse writes, as a store does whose credentials were reduced to reading.
 *
 * @module
 */

import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

const DENIED = `<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>`;

/** Passes requests on to a store, unchanged: what is signed stays valid. */
export class ReadOnlyStore implements AsyncDisposable {
  /** Whether writes are refused. */
  isReadOnly = false;
  /** Writes that were refused. */
  refused = 0;
  readonly #server: Server;
  readonly #target: string;

  /** @param target Host and port of the store. */
  constructor(target: string) {
    this.#target = target;
    this.#server = createServer((incoming, response) => this.#handle(incoming, response));
  }

  /** Begins to listen. @returns Host and port. */
  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #handle(incoming: IncomingMessage, response: ServerResponse): void {
    const { method = "GET", url = "/", headers } = incoming;
    if (this.isReadOnly && !["GET", "HEAD"].includes(method)) {
      this.refused++;
      incoming.resume().on(
        "end",
        () => response.writeHead(403, { "content-type": "application/xml" }).end(DENIED),
      );
      return;
    }
    const [host, port] = this.#target.split(":");
    const onward = request({ host, port, method, path: url, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    incoming.pipe(onward);
  }
}
