/**
 * Finds the service, and sends requests to it.
 *
 * @module
 */

import { BerthError, messageOf } from "../../lib/errors.ts";
import { apiSocketOf } from "../../lib/util/api_socket.ts";

/** Where the service is. */
export interface ServerAddress {
  /** Address of a server on another machine, such as `https://berth.example:8420`. Absent: this machine's service. */
  readonly url?: string;
  /** Token for that server. */
  readonly token?: string;
  /** Absolute path of `TEMP_DIR`. */
  readonly tempDir: string;
  /** Name of the instance. */
  readonly instance: string;
}

/** No service answers. */
export class NoServiceError extends BerthError {
  /** @param where Where it was looked for. @param advice The advice. @param options The cause. */
  constructor(where: string, advice: string, options?: ErrorOptions) {
    super("service/unreachable", `No service answers at ${where}.`, { ...options, advice });
  }
}

/** Stands for the socket. Deno connects to `localhost` itself if NO_PROXY names it, as it often does. */
const SOCKET_ORIGIN = "http://berth";

/** Connects to a server, or to this machine's service by its socket. */
export class ApiConnection implements Disposable {
  readonly #server: ServerAddress;
  readonly #clients = new Map<string, Deno.HttpClient>();

  /** @param server Where the service is. */
  constructor(server: ServerAddress) {
    this.#server = server;
  }

  /** Where the service is looked for, for messages. */
  get where(): string {
    const { url, tempDir, instance } = this.#server;
    // People look for one socket, whichever is asked first.
    return url ?? `'${apiSocketOf(tempDir, instance)}'`;
  }

  /**
   * Sends a request.
   *
   * @param path Path and query.
   * @param init The rest of the request.
   * @throws {NoServiceError} If no service answers.
   */
  async send(path: string, init: RequestInit): Promise<Response> {
    const { url } = this.#server;
    return url === undefined ? await this.#sendBySocket(path, init) : await sendTo(url, path, init);
  }

  /** Closes the connections. */
  [Symbol.dispose](): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }

  async #sendBySocket(path: string, init: RequestInit): Promise<Response> {
    const { tempDir, instance } = this.#server;
    // A process of its own may serve schedules.
    const isScheduling = /^\/api\/(schedules|runs)\b/.test(path);
    const sockets = [apiSocketOf(tempDir, instance), apiSocketOf(tempDir, instance, "schedules")];
    if (isScheduling) sockets.reverse();
    const failures: unknown[] = [];
    for (const socket of sockets) {
      try {
        Deno.statSync(socket);
        return await fetch(new URL(path, SOCKET_ORIGIN), { ...init, client: this.#clientOf(socket) });
      } catch (error) {
        if (init.signal?.aborted) throw error;
        if (init.body instanceof ReadableStream && init.body.locked) throw error;
        if (error instanceof Deno.errors.PermissionDenied) {
          throw new NoServiceError(
            `'${socket}'`,
            "It belongs to another user: run the command as that user.",
          );
        }
        failures.push(error);
      }
    }
    const cause = failures.find((error) => !isNobodyThere(error));
    if (cause === undefined) {
      throw new NoServiceError(this.where, `Start one with 'berth start' (instance '${instance}').`);
    }
    throw new NoServiceError(
      this.where,
      `The connection failed: ${messageOf((cause as Error).cause ?? cause)}. Try again.`,
      { cause },
    );
  }

  #clientOf(socket: string): Deno.HttpClient {
    let client = this.#clients.get(socket);
    if (!client) {
      client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
      this.#clients.set(socket, client);
    }
    return client;
  }
}

async function sendTo(url: string, path: string, init: RequestInit): Promise<Response> {
  if (!/^https?:\/\/[^/]/i.test(url)) {
    throw new BerthError(
      "server/address",
      `'${url}' is not the address of a server: write it as http://HOST:PORT or https://HOST:PORT.`,
    );
  }
  try {
    return await fetch(new URL(path, url), init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new NoServiceError(url, adviceOnServer(error as Error), { cause: error });
  }
}

/** Whether there is no socket, or one that a killed service has left. */
function isNobodyThere(error: unknown): boolean {
  const text = messageOf((error as Error).cause ?? error);
  return error instanceof Deno.errors.NotFound ||
    /\(Connect\): (?:Connection refused|No such file)/.test(text);
}

/** Advice if no service answers at an address that the user has given. */
function adviceOnServer({ cause }: Error): string {
  const message = String((cause as Error | undefined)?.message);
  const certificate = /invalid peer certificate: ([^)\n]*)/.exec(message)?.[1];
  if (certificate !== undefined) {
    return `This machine does not trust its certificate (${certificate}). DENO_CERT names a file of more authorities.`;
  }
  if (/InvalidContentType|corrupt message/.test(message)) {
    return "The server there does not speak TLS: use http:// instead of https://.";
  }
  return "Check the address in --server or BERTH_SERVER, and that the service runs there.";
}
