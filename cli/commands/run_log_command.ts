/**
 * `berth run-log RUN`: prints the log of one run.
 *
 * @module
 */

import type { StoredLogLine } from "../../lib/logs/line_format.ts";
import { BerthError } from "../../lib/errors.ts";
import { ApiClient, serverOf } from "../client/api_client.ts";
import { readLines } from "../client/read_lines.ts";
import { type CliContext, EXIT } from "../context.ts";
import { linePrinter } from "../output/line_printer.ts";

/** Options of {@linkcode runLogCommand}. */
export interface RunLogOptions {
  /** Id of a run, or of a schedule for its latest run that has begun. */
  readonly run: string;
  /** Number of last lines to print. @default all */
  readonly tail?: number;
  /** Continue with new lines until the run ends. */
  readonly follow: boolean;
  /** Print one JSON object per line. */
  readonly json: boolean;
}

/**
 * Prints the lines of one run, of all its attempts.
 *
 * @param options The run, and how to print.
 * @param context The command's context.
 * @returns 1 if a followed run did not succeed.
 */
export async function runLogCommand(options: RunLogOptions, context: CliContext): Promise<number> {
  using client = new ApiClient(serverOf(context.env));
  const id = options.run.includes("@") ? options.run : await latestRun(client, options.run, context.signal);
  return await printRunLog(client, { ...options, run: id }, context);
}

/**
 * Prints the lines of one run.
 *
 * @param client The client.
 * @param options The run, and how to print.
 * @param context The command's context.
 * @returns 1 if a followed run did not succeed.
 */
export async function printRunLog(
  client: ApiClient,
  { run: runId, tail, follow, json }: RunLogOptions,
  { terminal, signal }: Pick<CliContext, "terminal" | "signal">,
): Promise<number> {
  const params = { runId };
  const query = { follow: String(follow), ...(tail !== undefined && { tail }) };
  const lines = readLines(() => client.request("getRunLog", { params, query }, { signal }), {
    signal,
    // The last lines of another answer would be others.
    resume: follow && tail === undefined,
    onLost: (isLost) =>
      terminal.note(isLost ? "berth: The service is gone; waiting for it." : "berth: It is back."),
  });
  const print = linePrinter(terminal);
  for await (const text of lines) {
    if (json) terminal.out(text);
    else print(JSON.parse(text) as StoredLogLine);
    if (terminal.isClosed) return EXIT.ok;
  }
  if (!follow) return EXIT.ok;
  const { state, reason } = await client.call("getRun", { params }, { signal });
  terminal.note(
    `berth: The run '${runId}' ${state === "skipped" ? "was skipped" : state}${reason ? `: ${reason}` : ""}.`,
  );
  return state === "succeeded" ? EXIT.ok : EXIT.failed;
}

async function latestRun(client: ApiClient, id: string, signal: AbortSignal): Promise<string> {
  const { runs } = await client.call("listScheduleRuns", { params: { id }, query: { limit: 100 } }, {
    signal,
  });
  const begun = runs.find(({ attempt }) => attempt > 0);
  if (begun) return begun.id;
  await client.call("getSchedule", { params: { id } }, { signal });
  throw new BerthError("run/not-found", `No run of '${id}' has begun yet.`, {
    advice: `Run it now with 'berth run-now ${id}'.`,
  });
}
