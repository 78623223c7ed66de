/**
 * `berth describe`: says all that is known about a bot or a schedule.
 *
 * @module
 */

import { stringifyExactJson } from "../../lib/util/exact_json.ts";
import { ApiClient, ApiError, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { describeBot, describeSchedule, type Shown } from "../output/description.ts";
import { printable } from "../output/terminal.ts";
import { parseExactJson } from "../../lib/util/exact_json.ts";

/** Options of {@linkcode describeCommand}. */
export interface DescribeOptions {
  /** Ids of bots and schedules. */
  readonly ids: readonly string[];
  /** Print one JSON array. */
  readonly json: boolean;
}

/**
 * Describes bots and schedules.
 *
 * @param options Which.
 * @param context The command's context.
 * @returns 1 if one of them does not exist.
 */
export async function describeCommand({ ids, json }: DescribeOptions, context: CliContext): Promise<number> {
  const { env, signal, terminal } = context;
  using client = new ApiClient(serverOf(env));
  const found: Shown[] = [];
  let code: number = EXIT.ok;
  for (const id of new Set(ids)) {
    const shown = await read(client, id, signal);
    if (shown) found.push(shown);
    else {
      code = EXIT.failed;
      terminal.note(`berth: There is no bot or schedule '${id}'. 'berth ps' lists them.`);
    }
  }
  if (json) {
    terminal.out(stringifyExactJson(found, 2));
    return code;
  }
  found.forEach((shown, at) => {
    if (at > 0) terminal.out("");
    const lines = shown.kind === "bot" ? describeBot(shown, Date.now()) : describeSchedule(shown, Date.now());
    for (const line of lines) terminal.out(printable(line));
  });
  return code;
}

/** A bot and a schedule never share an id. */
async function read(client: ApiClient, id: string, signal: AbortSignal): Promise<Shown | undefined> {
  const input = { params: { id } };
  const bot = await unlessMissing(client.text("getBot", input, { signal }));
  const found = bot ?? await unlessMissing(client.text("getSchedule", input, { signal }));
  if (found === undefined) return undefined;
  const [{ versions }, image] = await Promise.all([
    client.call("listVersions", input, { signal }),
    unlessMissing(client.call("getImage", input, { signal })),
  ]);
  const kind = bot === undefined ? "schedule" : "bot";
  return { kind, ...parseExactJson(found) as object, versions, ...(image && { image }) } as Shown;
}

async function unlessMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
