/**
 * Servers that answer what no server of their kind does.
 *
 * @module
 */

import { createServer, type Socket } from "node:net";
import { join } from "node:path";

/** Treats a connection as a hostile server does, once something has come over it, or at once. */
export type Hostility = (socket: Socket) => void;

/** A server and where it is, over TCP and over a socket of this machine. */
export interface HostileServer extends AsyncDisposable {
  /** Its port on the loopback address. */
  readonly port: number;
  /** Path of its socket. */
  readonly path: string;
}

const JSON_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

function says(...parts: (string | Uint8Array)[]): Hostility {
  return (socket) => {
    for (const part of parts) socket.write(part);
  };
}

function saysAndBreaks(text: string): Hostility {
  return (socket) => void socket.write(text, () => socket.resetAndDestroy());
}

function answers(body: string): string {
  return `${JSON_HEAD}content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;
}

/** A message of the MongoDB protocol with a length and an operation that may both be lies. */
function mongoMessage(length: number, operation: number): Uint8Array {
  const bytes = new Uint8Array(64).fill(0xee);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, length, true);
  view.setInt32(8, 1, true);
  view.setInt32(12, operation, true);
  return bytes;
}

/** The hostilities that each client is tested with, by name. */
export const HOSTILITIES: Readonly<Record<string, Hostility>> = {
  "closes at once": (socket) => socket.destroy(),
  "resets at once": (socket) => socket.resetAndDestroy(),
  "ends without a word": (socket) => socket.end(),
  "sends random bytes": says(new Uint8Array(65_536).map((_, at) => (at * 7919) & 0xff)),
  "sends zeros": says(new Uint8Array(4096)),
  "redirects to nowhere": says(
    "HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.1:1/x\r\ncontent-length: 0\r\n\r\n",
  ),
  "redirects to no address": says("HTTP/1.1 307 Moved\r\nlocation: gopher:x\r\ncontent-length: 0\r\n\r\n"),
  "breaks inside the head": saysAndBreaks("HTTP/1.1 200 OK\r\ncontent-le"),
  "breaks inside the body": saysAndBreaks(`${JSON_HEAD}content-length: 1000\r\n\r\n[{`),
  "breaks inside a chunk": saysAndBreaks(`${JSON_HEAD}transfer-encoding: chunked\r\n\r\nff\r\n[{`),
  "sends no chunk": says(`${JSON_HEAD}transfer-encoding: chunked\r\n\r\nzz\r\n[{`),
  "sends a head without end": says(`${JSON_HEAD}x: ${"x".repeat(200_000)}`),
  "upgrades": says("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: tcp\r\n\r\nxxxx"),
  "answers null": says(answers("null")),
  "answers a number": says(answers("5")),
  "answers a list of numbers": says(answers("[1, null]")),
  "answers an object of another kind": says(answers('{"Id":5,"State":null,"Labels":7}')),
  "answers no XML": says(answers("<a><b></a>")),
  "refuses without a reason": says("HTTP/1.1 503 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"),
  "answers twice": says(answers("{}") + answers("{}")),
  "NATS without JSON": says("INFO {\r\n"),
  "NATS with an error at once": says("INFO {}\r\n", "-ERR 'no'\r\n"),
  "NATS that loses its mind": says(
    'INFO {"max_payload":1}\r\n',
    "PONG\r\nPONG\r\nMSG a 1 99999999\r\nxxxx\r\nWHAT\r\n",
  ),
  "NATS that breaks off": saysAndBreaks('INFO {"max_payload":1000}\r\nPONG\r\n'),
  "MongoDB of 2 GB": says(mongoMessage(0x7fffffff, 2013)),
  "MongoDB of less than nothing": says(mongoMessage(-5, 2013)),
  "MongoDB with a damaged body": says(mongoMessage(64, 2013)),
  "MongoDB with an unknown operation": says(mongoMessage(64, 77)),
};

/**
 * Opens a server that treats every connection alike.
 *
 * @param hostility The way it treats a connection.
 * @param folder A folder for its socket.
 */
export async function openHostileServer(hostility: Hostility, folder: string): Promise<HostileServer> {
  const sockets = new Set<Socket>();
  const onConnection = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.resume();
    hostility(socket);
  };
  const path = join(folder, `${crypto.randomUUID().slice(0, 8)}.sock`);
  const [local, tcp] = [createServer(onConnection), createServer(onConnection)];
  await new Promise<void>((resolve) => local.listen(path, resolve));
  await new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve));
  return {
    path,
    port: (tcp.address() as { port: number }).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      for (const server of [local, tcp]) await new Promise((resolve) => server.close(resolve));
    },
  };
}
