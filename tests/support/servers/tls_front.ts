/**
 * TLS in front of a mail server that speaks plain text: from the beginning, or after STARTTLS.
 *
 * @module
 */

import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";

/** Options of {@linkcode TlsFront}. */
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
  readonly #inner: Server;
  readonly #sockets: ReadonlySet<Socket>;

  private constructor(server: Server, inner: Server, sockets: ReadonlySet<Socket>) {
    this.#server = server;
    this.#inner = inner;
    this.#sockets = sockets;
  }

  /** Its port. */
  get port(): number {
    return portOf(this.#server);
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
    const inner = createTlsServer(context, (client) => {
      const mail = keep(connect({ host: "127.0.0.1", port }));
      keep(client).on("close", () => mail.destroy());
      if (tls === "always") return client.pipe(mail).pipe(client);
      mail.once("data", (greeting) => {
        // The client has been greeted before TLS, and its first command waits for the greeting of the server.
        client.write(greeting.subarray(greeting.indexOf("\n") + 1));
        client.pipe(mail).pipe(client);
      });
    });
    inner.on("tlsClientError", () => {});
    await listen(inner);
    if (tls === "always") return new TlsFront(inner, inner, sockets);
    // A socket that is upgraded in place may lose what the client sends first, so the bytes go on to a server of their own.
    const server = createServer((client) =>
      untilStartTls(keep(client), () => {
        const secure = keep(connect({ host: "127.0.0.1", port: portOf(inner) }));
        client.on("close", () => secure.destroy());
        secure.on("close", () => client.destroy());
        client.pipe(secure).pipe(client);
      })
    );
    await listen(server);
    return new TlsFront(server, inner, sockets);
  }

  /** {@inheritDoc AsyncDisposable} */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const server of new Set([this.#server, this.#inner])) {
      await new Promise<void>((resolve) => server.close(() => resolve()));
    }
  }
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function listen(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
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
