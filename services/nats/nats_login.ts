/**
 * Tries a login to a NATS server.
 *
 * @module
 */

import { CallScope } from "../../lib/util/call_scope.ts";
import { abortable } from "../../lib/util/promises.ts";
import type { NatsServer } from "./nats_servers.ts";

/** Maximum length of a line: no server sends a longer one. */
const MAX_LINE_BYTES = 1024 * 1024;

/** Options of {@linkcode tryNatsLogin}. */
export interface NatsLoginOptions {
  /** Name of the connection. */
  readonly name: string;
  /** Time limit, in ms. */
  readonly limitMs: number;
  /** Aborts the login. */
  readonly signal: AbortSignal;
}

/**
 * Logs in on a connection of its own and closes it. The client library may connect only after this succeeds,
 * because the library cannot abort an attempt, leaves the socket open if a server accepts a connection and
 * then stays silent, and may throw an uncatchable error if the login is refused.
 *
 * @param server The server.
 * @param options The limits.
 * @returns Resolves after a successful login.
 * @throws {Error} If the login fails; the message holds no credential. The signal's reason, if it is aborted.
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
  // The server limits its connections: it must have closed this one before the next is opened.
  await connection.closeWrite();
  const rest = new Uint8Array(1024);
  while (await connection.read(rest) !== null);
}

function parseInfo(line: string): { readonly tls_required?: boolean; readonly tls_available?: boolean } {
  try {
    if (line.startsWith("INFO ")) return JSON.parse(line.slice(5));
  } catch {
    // Not a line of a NATS server.
  }
  throw new Error("what answers is no NATS server");
}

/** Reads byte by byte: whatever follows the line belongs to the next reader, which may be the TLS layer. */
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
    // Already closed, or replaced by the encrypted connection.
  }
}

function loginProblem(error: unknown): string {
  if (error instanceof Deno.errors.ConnectionRefused) return "nothing listens there";
  if (error instanceof Deno.errors.ConnectionReset) return "it closes the connection";
  return (error as Error).message;
}
