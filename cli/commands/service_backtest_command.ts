/**
 * `berth backtest --on-service ID`: runs a backtest of a deployed bot on the service.
 *
 * @module
 */

import { resolve } from "node:path";
import type { Backtest } from "../../services/contract/backtests.ts";
import type { StoredLogLine } from "../../lib/logs/line_format.ts";
import { ApiClient, ApiError, serverOf } from "../client/api_client.ts";
import { readLines } from "../client/read_lines.ts";
import { type CliContext, EXIT } from "../context.ts";
import { linePrinter } from "../output/line_printer.ts";

/** Options of {@linkcode serviceBacktestCommand}. */
export interface ServiceBacktestOptions {
  /** Id of the bot. */
  readonly bot: string;
  /** Version of the stored code. @default the deployed code */
  readonly version?: string;
  /** Configuration file, as typed. @default the configuration of the bot */
  readonly configFile?: string;
  /** Whether to print the log until the backtest ends, and then its result. */
  readonly wait: boolean;
  /** Print one JSON object on standard output, and the program's output on standard error. */
  readonly json: boolean;
}

/** How the end of a backtest is printed. */
export interface ShowBacktestOptions {
  /** Id of the backtest. */
  readonly id: string;
  /** Print one JSON object on standard output, and the program's output on standard error. */
  readonly json: boolean;
}

/**
 * Requests a backtest, and waits for its end unless told otherwise.
 *
 * @param options The bot, and whether to wait.
 * @param context The command's context.
 * @returns The program's exit code; 1 if it has none.
 */
export async function serviceBacktestCommand(
  { bot, version, configFile, wait, json }: ServiceBacktestOptions,
  context: CliContext,
): Promise<number> {
  const { terminal, signal, cwd } = context;
  const config = configFile === undefined
    ? undefined
    : await (await import("../deploy/bot_folder.ts")).readConfig(cwd, resolve(cwd, configFile));
  using client = new ApiClient(serverOf(context.env));
  const body = { bot, ...(version !== undefined && { version }), ...(config !== undefined && { config }) };
  const backtest = await client.call("startBacktest", { body }, { signal });
  if (!wait) {
    if (json) terminal.out(JSON.stringify(backtest, null, 2));
    else {
      terminal.out(
        `The backtest '${backtest.id}' is queued. See it with 'berth backtest --show ${backtest.id}'.`,
      );
    }
    return EXIT.ok;
  }
  terminal.note(`berth: The backtest '${backtest.id}' is queued.`);
  return await waitForBacktest(client, { id: backtest.id, json }, context);
}

/**
 * Prints the log of a backtest until it ends, then its result.
 *
 * @param options The backtest, and how to print.
 * @param context The command's context.
 * @returns The program's exit code; 1 if it has none.
 */
export async function showBacktestCommand(
  options: ShowBacktestOptions,
  context: CliContext,
): Promise<number> {
  using client = new ApiClient(serverOf(context.env));
  return await waitForBacktest(client, options, context);
}

/**
 * Cancels a backtest.
 *
 * @param options The backtest, and how to print.
 * @param context The command's context.
 */
export async function cancelBacktestCommand(
  { id, json }: ShowBacktestOptions,
  { env, signal, terminal }: CliContext,
): Promise<number> {
  using client = new ApiClient(serverOf(env));
  const backtest = await client.call("cancelBacktest", { params: { id } }, { signal });
  if (json) terminal.out(JSON.stringify(backtest, null, 2));
  else {
    terminal.out(
      backtest.state === "running"
        ? `The backtest '${id}' is cancelled: its program is being stopped.`
        : `The backtest '${id}' is ${backtest.state}.`,
    );
  }
  return EXIT.ok;
}

async function waitForBacktest(
  client: ApiClient,
  { id, json }: ShowBacktestOptions,
  { terminal, signal }: Pick<CliContext, "terminal" | "signal">,
): Promise<number> {
  const params = { id };
  const query = { follow: "true" };
  const print = linePrinter(json ? { ...terminal, out: terminal.note } : terminal);
  try {
    const lines = readLines(() => client.request("getBacktestLog", { params, query }, { signal }), {
      signal,
      resume: true,
      onLost: (isLost) =>
        terminal.note(isLost ? "berth: The service is gone; waiting for it." : "berth: The service is back."),
    });
    for await (const line of lines) print(JSON.parse(line) as StoredLogLine);
  } catch (error) {
    if (signal.aborted) {
      terminal.note(
        `berth: The backtest goes on. Cancel it with 'berth backtest --cancel ${id}', ` +
          `or see it with 'berth backtest --show ${id}'.`,
      );
    }
    throw error;
  }
  const text = await client.text("getBacktest", { params }, { signal });
  const ended = JSON.parse(text) as Backtest;
  const result = await resultOf(client, id, signal);
  if (json) terminal.out(`${text.slice(0, -1)},"result":${result ?? "null"}}`);
  else {
    const { state, durationMs, exitCode, reason } = ended;
    const took = durationMs === undefined ? "" : ` after ${(durationMs / 1000).toFixed(1)} s`;
    const code = exitCode === undefined ? "" : `, exit code ${exitCode}`;
    terminal.note(`berth: The backtest ${state}${took}${code}${reason ? `: ${reason}` : ""}`);
    // Not loaded by a command that only starts one.
    const { readResult, showResult } = await import("../output/result_view.ts");
    const bytes = result === undefined ? undefined : new TextEncoder().encode(result);
    for (const line of showResult(readResult(bytes), terminal)) terminal.out(line);
  }
  return ended.state === "succeeded" ? EXIT.ok : ended.exitCode || EXIT.failed;
}

/** The result as the program wrote it: parsing would drop digits and reorder keys. */
async function resultOf(client: ApiClient, id: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return (await client.text("getBacktestResult", { params: { id } }, { signal })).trim();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}
