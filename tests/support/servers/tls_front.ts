/**
 * TLS in front of a mail server that speaks plain text: from the beginning, or after STARTTLS.
 *
 * @module
 */

import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, TLSSocket } from "node:tls";

/** What a {@linkcode TlsFront} needs. */
export interface TlsFrontOptions {
  /** Port of the server behind it. */
  readonly port: number;
  /** `always`: TLS from the beginning. `start`: after STARTTLS. */
  readonly tls: "always" | "start";
  /** Certificate, PEM. */
  readonly cert: string;
  /** Its key, PEM. */
  readonly key: string;
}

/** The front. Disposing closes it with all connections. */
export class TlsFront implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(server: Server, sockets: ReadonlySet<Socket>) {
    this.#server = server;
    this.#sockets = sockets;
  }

  /** Its port. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Starts a front. @param options See {@linkcode TlsFrontOptions}. */
  static async open({ port, tls, cert, key }: TlsFrontOptions): Promise<TlsFront> {
    const context = { cert, key };
    const sockets = new Set<Socket>();
    const keep = (socket: Socket) => {
      sockets.add(socket);
      // A client that refuses the certificate hangs up.
      socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
      return socket;
    };
    const join = (client: Socket, skipsGreeting: boolean) => {
      const inner = keep(connect({ host: "127.0.0.1", port }));
      client.on("close", () => inner.destroy());
      if (skipsGreeting) inner.once("data", () => inner.pipe(client));
      else inner.pipe(client);
      client.pipe(inner);
    };
    const server = tls === "always"
      ? createTlsServer(context, (socket) => join(keep(socket), false))
      : createServer((socket) =>
        untilStartTls(keep(socket), () =>
          join(keep(new TLSSocket(socket, { isServer: true, ...context })), true))
      );
    server.on("tlsClientError", () => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new TlsFront(server, sockets);
  }

  /** {@inheritDoc AsyncDisposable} */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Greets, and answers until the client begins TLS. */
function untilStartTls(socket: Socket, onStart: () => void): void {
  const onData = (data: Uint8Array) => {
    const line = new TextDecoder().decode(data);
    if (/^EHLO/i.test(line)) return socket.write("250-test\r\n250 STARTTLS\r\n");
    if (!/^STARTTLS/i.test(line)) return socket.write("530 begin TLS first\r\n");
    socket.off("data", onData);
    socket.write("220 go on\r\n");
    onStart();
  };
  socket.on("data", onData);
  socket.write("220 test\r\n");
}
