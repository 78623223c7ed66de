/**
 * Two connections that become one.
 *
 * @module
 */

/**
 * Passes on the bytes of each side, until both have ended.
 *
 * @param one A connection, which is closed at the end.
 * @param other The other one, too.
 */
export async function connectStreams(one: Deno.Conn, other: Deno.Conn): Promise<void> {
  const pass = (from: Deno.Conn, to: Deno.Conn) => from.readable.pipeTo(to.writable).catch(() => {});
  await Promise.all([pass(one, other), pass(other, one)]);
  closeConnection(one);
  closeConnection(other);
}

/** Closes a connection that may be closed. @param connection The connection. */
export function closeConnection(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed.
  }
}
