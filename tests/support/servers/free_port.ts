/**
 * Ports for servers that go away and come back.
 *
 * @module
 */

/**
 * A port that is free, and below those that the kernel assigns by itself: while the server is down,
 * nobody else gets it.
 */
export function freePort(): number {
  while (true) {
    const port = 12_000 + Math.floor(Math.random() * 20_000);
    try {
      using _listener = Deno.listen({ hostname: "127.0.0.1", port });
      return port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
