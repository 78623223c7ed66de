/**
 * Runs in the network of a lab's hub, and connects each client of its socket with the server that it names in its first
 * line, `host:port`.
 *
 * @module
 */

import { closeConnection, connectStreams } from "./connect_streams.ts";

const LONGEST_LINE = 100;

async function answer(near: Deno.Conn): Promise<void> {
  try {
    const [hostname = "", port = ""] = (await readLine(near)).split(":");
    await connectStreams(near, await Deno.connect({ hostname, port: Number(port) }));
  } catch {
    closeConnection(near);
  }
}

/** Byte by byte: what follows is for the server. */
async function readLine(connection: Deno.Conn): Promise<string> {
  let line = "";
  const byte = new Uint8Array(1);
  while (line.length < LONGEST_LINE && await connection.read(byte) !== null && byte[0] !== 10) {
    line += String.fromCharCode(byte[0]!);
  }
  return line;
}

for await (const connection of Deno.listen({ transport: "unix", path: Deno.args[0]! })) answer(connection);
