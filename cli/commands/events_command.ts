/**
 * `berth events`: prints what happens to bots and schedules.
 *
 * @module
 */

import { systemClock } from "../../lib/util/clock.ts";
import type { BerthEvent } from "../../services/contract/events.ts";
import { ApiClient, ApiError, serverOf } from "../client/api_client.ts";
import { readEvents } from "../client/event_stream.ts";
import { type CliContext, EXIT } from "../context.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode eventsCommand}. */
export interface EventsOptions {
  /** Only the events of this bot or schedule. */
  readonly id?: string;
  /** How many of the last events to print first. */
  readonly tail: number;
  /** Whether to go on with events as they happen. */
  readonly follow: boolean;
  /** Print one JSON object per line. */
  readonly json: boolean;
}

/** Waits between two tries to reach a service that was there before, in ms. */
const RETRY_MS = 1000;

/**
 * Prints events until the user ends the command. While it follows, a service that is restarted is waited for.
 *
 * @param options Which events, and how to print.
 * @param context The command's context.
 */
export async function eventsCommand(options: EventsOptions, context: CliContext): Promise<number> {
  const { env, signal, terminal } = context;
  using client = new ApiClient(serverOf(env));
  let lastId: string | undefined;
  let isEmpty = true;
  while (true) {
    try {
      const response = await open(client, options, lastId, signal);
      for await (const { id, type, data } of readEvents(response)) {
        lastId = id ?? lastId;
        if (type === "reset") terminal.note(`berth: Events may be missing here: ${JSON.parse(data).reason}.`);
        else if (type !== "open") {
          isEmpty = false;
          print(JSON.parse(data), data, options.json, context);
        }
        if (terminal.isClosed) return EXIT.ok;
      }
    } catch (error) {
      // Only a stream that was open is opened again.
      if (signal.aborted) throw signal.reason;
      if (lastId === undefined || isRefusal(error)) throw error;
    }
    if (!options.follow) {
      const { id, json } = options;
      if (isEmpty && !json) {
        terminal.note(`berth: No events${id === undefined ? "" : ` of '${id}'`} since the service began.`);
      }
      return EXIT.ok;
    }
    terminal.transient("waiting for the service");
    await systemClock.sleep(RETRY_MS, signal);
    terminal.transient("");
  }
}

function open(
  client: ApiClient,
  { id, tail, follow }: EventsOptions,
  lastId: string | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const options = { signal, ...(lastId !== undefined && { headers: { "last-event-id": lastId } }) };
  const query = { last: tail, follow: String(follow) as "true" | "false" };
  return id === undefined
    ? client.request("streamEvents", { query }, options)
    : client.request("streamBotEvents", { params: { id }, query }, options);
}

/** A service that goes away breaks the connection, or does not answer the next one. */
function isRefusal(error: unknown): boolean {
  return error instanceof ApiError && error.status < 500;
}

function print(event: BerthEvent, data: string, json: boolean, { terminal }: CliContext): void {
  if (json) return terminal.out(data);
  const { time, type, id, text } = event;
  terminal.out(printable(`${time}  ${type.padEnd(9)}  ${id}  ${text}`));
}
