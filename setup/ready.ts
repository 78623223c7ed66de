/**
 * Asks the service of this machine whether it can work: `berth ready` in the image. Prints the answer of `/readyz`.
 *
 * @module
 */
import { apiSocketOf, DEFAULT_INSTANCE, DEFAULT_TEMP_DIR } from "../lib/util/api_socket.ts";

const socket = apiSocketOf(
  Deno.env.get("TEMP_DIR") || DEFAULT_TEMP_DIR,
  Deno.env.get("BERTH_INSTANCE") || DEFAULT_INSTANCE,
);
try {
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  const signal = AbortSignal.timeout(10_000);
  const response = await fetch("http://berth/readyz", { client, signal });
  console.log(await response.text());
  Deno.exitCode = response.ok ? 0 : 1;
} catch (error) {
  console.log(`No service answers at ${socket}: ${(error as Error).message}`);
  Deno.exitCode = 1;
}
