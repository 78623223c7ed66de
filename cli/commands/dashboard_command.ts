/**
 * `berth dashboard`: prints a link that logs a browser in.
 *
 * @module
 */

import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";

/** Options of {@linkcode dashboardCommand}. */
export interface DashboardOptions {
  /** Print one JSON object. */
  readonly json: boolean;
}

/**
 * Prints the link.
 *
 * @param options How to print.
 * @param context The command's context.
 */
export async function dashboardCommand(
  { json }: DashboardOptions,
  { env, terminal, signal }: CliContext,
): Promise<number> {
  const server = serverOf(env);
  using client = new ApiClient(server);
  const { path, url: own, expiresAt } = await client.call("createLoginCode", {}, { signal });
  // A server that was reached by an address is reached there by a browser, too.
  const url = server.url === undefined ? own : new URL(path, server.url).href;
  if (json) terminal.out(JSON.stringify({ url, expiresAt }, null, 2));
  else if (url !== undefined) {
    terminal.out(url);
    terminal.note(
      "berth: Open this link within two minutes; it works once, and logs the browser in for 12 hours.",
    );
  }
  if (url !== undefined) return EXIT.ok;
  terminal.note(
    "berth: The service does not listen on TCP, so no browser can reach it. Set HTTP_ADDR, for example to 127.0.0.1:8420.",
  );
  return EXIT.failed;
}
