/**
 * `berth notify`: lists channels and deliveries, and sends test messages.
 *
 * @module
 */

import type { ShownDelivery } from "../../services/contract/notifications.ts";
import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT, UsageError } from "../context.ts";
import { formatTable } from "../output/table.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode notifyCommand}. */
export interface NotifyOptions {
  /** The action. */
  readonly action: string;
  /** Name of the channel. */
  readonly name?: string;
  /** Maximum number of deliveries. */
  readonly limit: number;
  /** Print JSON. */
  readonly json: boolean;
}

/**
 * Lists channels with the open incidents and the last deliveries, or sends a test message to a channel.
 *
 * @param options The action.
 * @param context The command's context.
 * @throws {UsageError} If the arguments do not fit the action.
 */
export async function notifyCommand(options: NotifyOptions, context: CliContext): Promise<number> {
  const { action, name } = options;
  if (action !== "list" && action !== "test") {
    throw new UsageError(`'notify' has no '${action}'; use list or test.`);
  }
  if (action === "list" && name !== undefined) throw new UsageError("'notify list' takes no name.");
  if (action === "test" && name === undefined) {
    throw new UsageError("'notify test' needs the name of a channel; 'berth notify list' lists them.");
  }
  using client = new ApiClient(serverOf(context.env));
  return action === "list"
    ? await list(client, options, context)
    : await test(client, name!, options, context);
}

async function test(
  client: ApiClient,
  name: string,
  { json }: NotifyOptions,
  { terminal, signal }: CliContext,
): Promise<number> {
  const answer = await client.call("testChannel", { params: { name } }, { signal });
  if (json) terminal.out(JSON.stringify(answer, null, 2));
  else if (answer.isDelivered) terminal.note(`berth: The channel '${name}' has taken the test message.`);
  else terminal.note(printable(`berth: The channel '${name}' has not taken it: ${answer.problem}.`));
  return answer.isDelivered ? EXIT.ok : EXIT.failed;
}

async function list(
  client: ApiClient,
  { json, limit }: NotifyOptions,
  { terminal, signal }: CliContext,
): Promise<number> {
  const about = await client.call("getNotifications", {}, { signal });
  const { deliveries } = await client.call("listDeliveries", { query: { limit } }, { signal });
  if (json) {
    terminal.out(JSON.stringify({ ...about, deliveries }, null, 2));
    return EXIT.ok;
  }
  const print = (line: string) => terminal.out(printable(line));
  if (about.channels.length === 0) {
    terminal.note(`There are no channels. Describe them in ${about.file}; docs/notifications.md says how.`);
  } else {
    const rows = about.channels.map(({ name, type, host = "", waiting, problem }) => [
      name,
      type,
      host,
      String(waiting),
      problem ?? "ok",
    ]);
    for (const line of formatTable([["CHANNEL", "TYPE", "HOST", "WAITING", "STATE"], ...rows])) print(line);
  }
  for (const problem of about.problems) terminal.note(printable(`berth: ${problem}`));
  if (about.open.length > 0) {
    terminal.out("");
    const rows = about.open.map(({ since, kind, title }) => [since, kind, title]);
    for (const line of formatTable([["OPEN SINCE", "KIND", "WHAT"], ...rows])) print(line);
  }
  if (deliveries.length === 0) return EXIT.ok;
  terminal.out("");
  const head = ["TIME", "CHANNEL", "OUTCOME", "WHAT"];
  for (const line of formatTable([head, ...deliveries.map(toRow)])) print(line);
  return EXIT.ok;
}

function toRow({ channel, outcome, problem, attempts, event }: ShownDelivery): string[] {
  const why = outcome === "delivered" || problem === undefined
    ? ""
    : ` (tried ${attempts} times: ${problem})`;
  return [event.time, channel, outcome, `${event.title}${why}`];
}
