/**
 * Whether a NATS server is there and lets us in.
 *
 * @module
 */

import { CallScope } from "../../lib/util/call_scope.ts";
import { abortable } from "../../lib/util/promises.ts";
import type { NatsServer } from "./nats_servers.ts";

/** Longer than any line of a server. */
const MAX_LINE_BYTES = 1024 * 1024;

/** How to try. */
export interface NatsLoginOptions {
  /** Name of the connection. */
  readonly name: string;
  /** How long it may take, in ms. */
  readonly limitMs: number;
  /** Gives up. */
  readonly signal: AbortSignal;
}

/**
 * Logs in on a connection of its own, which is closed in any case. The client library is not asked before this
 * has worked: it cannot be told to give up a dial, leaves the socket behind when a server takes a connection and
 * then says nothing, and when a server refuses the login, an error that nobody can catch may end the process.
 *
 * @param server The server.
 * @returns Resolves when we were let in.
 * @throws {Error} If we were not, in words that hold no credential; the signal's reason when that was aborted.
 */
export async function tryNatsLogin(server: NatsServer, options: NatsLoginOptions): Promise<void> {
  const { name, limitMs, signal } = options;
  signal.throwIfAborted();
  using scope = new CallScope({ what: "The login", limitMs, signals: [signal] });
  const open = new Set<Disposable>();
  const work = logIn(server, name, (connection) => {
    open.add(connection);
    if (scope.signal.aborted) dispose(connection);
  });
  try {
    await abortable(work, scope.signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new Error(scope.signal.aborted ? "it does not answer" : loginProblem(error), { cause: error });
  } finally {
    for (const connection of open) dispose(connection);
  }
}

async function logIn(
  { hostname, port, tls, credentials: { user, pass, token } }: NatsServer,
  name: string,
  onOpen: (connection: Disposable) => void,
): Promise<void> {
  const plain = await Deno.connect({ hostname, port });
  onOpen(plain);
  const { tls_required, tls_available } = parseInfo(await nextLine(plain));
  if (tls && !tls_required && !tls_available) throw new Error("it does not encrypt");
  let connection: Deno.Conn = plain;
  if (tls || tls_required || tls_available) {
    connection = await Deno.startTls(plain, { hostname });
    onOpen(connection);
  }
  const hello = { user, pass, auth_token: token, name, verbose: false, pedantic: false, protocol: 1 };
  const text = `CONNECT ${JSON.stringify({ ...hello, lang: "nats.js", version: "3" })}\r\nPING\r\n`;
  await write(connection, new TextEncoder().encode(text));
  for (let line = ""; line !== "PONG";) {
    line = await nextLine(connection);
    if (line.startsWith("-ERR")) {
      throw new Error(
        `it refuses the login (${line.slice(4).trim()}); correct the credentials in its address`,
      );
    }
  }
  // The server counts its connections: the next must not be one too many.
  await connection.closeWrite();
  const rest = new Uint8Array(1024);
  while (await connection.read(rest) !== null);
}

function parseInfo(line: string): { readonly tls_required?: boolean; readonly tls_available?: boolean } {
  try {
    if (line.startsWith("INFO ")) return JSON.parse(line.slice(5));
  } catch {
    // What cannot be read is of no server that we know.
  }
  throw new Error("what answers is no NATS server");
}

/** Byte by byte: what follows the line is for who reads next, which may be the encryption. */
async function nextLine(connection: Deno.Conn): Promise<string> {
  const bytes: number[] = [];
  const next = new Uint8Array(1);
  while (bytes.length < MAX_LINE_BYTES) {
    if (await connection.read(next) === null) throw new Error("it closes the connection");
    if (next[0] === 0x0a) return new TextDecoder().decode(Uint8Array.from(bytes)).trim();
    bytes.push(next[0]!);
  }
  throw new Error("what answers is no NATS server");
}

async function write(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await connection.write(rest));
}

function dispose(connection: Disposable): void {
  try {
    connection[Symbol.dispose]();
  } catch {
    // It is closed, or has become the encrypted one.
  }
}

function loginProblem(error: unknown): string {
  if (error instanceof Deno.errors.ConnectionRefused) return "nothing listens there";
  if (error instanceof Deno.errors.ConnectionReset) return "it closes the connection";
  return (error as Error).message;
}
