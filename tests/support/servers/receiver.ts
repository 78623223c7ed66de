/**
 * A receiver of notifications: an HTTP server of one test, which records what it is sent.
 *
 * @module
 */

/** A request that was received. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
  /** The body as JSON. */
  // deno-lint-ignore no-explicit-any
  readonly json: any;
}

/** Answers a request. */
export type Answer = (request: ReceivedRequest) => Response | Promise<Response>;

/** The server. Disposing closes it with all connections. */
export class Receiver implements AsyncDisposable {
  /** The requests that it was sent, in order. */
  readonly requests: ReceivedRequest[] = [];
  /** How it answers. @default 204 */
  answer: Answer = () => new Response(null, { status: 204 });
  readonly #port: number;
  #server: Deno.HttpServer<Deno.NetAddr> | undefined;

  private constructor(port: number) {
    this.#server = this.#serve(port);
    this.#port = this.#server.addr.port;
  }

  /** Starts a server. @param answer How it answers. */
  static open(answer?: Answer): Receiver {
    const receiver = new Receiver(0);
    if (answer) receiver.answer = answer;
    return receiver;
  }

  /** Its address. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/in/secret-part`;
  }

  /** Its host and port. */
  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Refuses connections from now on. */
  async goDown(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    await server?.shutdown();
  }

  /** Takes connections again, at the same address. */
  comeBack(): void {
    this.#server ??= this.#serve(this.#port);
  }

  #serve(port: number): Deno.HttpServer<Deno.NetAddr> {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, async (request) => {
      const body = await request.text();
      const received = {
        method: request.method,
        path: new URL(request.url).pathname,
        headers: request.headers,
        body,
        get json() {
          return JSON.parse(body);
        },
      };
      this.requests.push(received);
      return await this.answer(received);
    });
  }

  /** {@inheritDoc AsyncDisposable} */
  async [Symbol.asyncDispose](): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const ended = server?.shutdown();
    await ended;
  }
}
