/**
 * `berth logs ID...`: prints logs of bots and of the runs of schedules.
 *
 * @module
 */

import type { LogLine } from "../../services/contract/logs.ts";
import { ApiClient, serverOf } from "../client/api_client.ts";
import { mergeLogs } from "../client/merge_logs.ts";
import { followLog, type LogUpdate, readLog, searchLogs } from "../client/read_logs.ts";
import { type CliContext, EXIT } from "../context.ts";
import { shownLine } from "../output/line_printer.ts";
import { printable, type Style, type Terminal } from "../output/terminal.ts";

/** Which lines to print, and how. */
export interface LogsOptions {
  /** Ids of bots and schedules; empty for all. */
  readonly ids: readonly string[];
  /** Number of last lines of each log to print. @default all */
  readonly tail?: number;
  /** Only lines at or after this time. @default all */
  readonly since?: Date;
  /** Only lines before this time. @default all */
  readonly until?: Date;
  /** Only lines that match this regular expression. @default all */
  readonly grep?: string;
  /** Continue with new lines. */
  readonly follow: boolean;
  /** Print one JSON object per line. */
  readonly json: boolean;
}

const COLOURS: readonly Style[] = ["cyan", "magenta", "yellow", "green", "blue"];

/**
 * Prints logs, including lines that are not stored yet; of several logs, merged by time. Without ids, searches the stored
 * logs of all bots.
 *
 * @param options Which lines, and how to print.
 * @param context The command's context.
 * @returns 1 if an id is unknown, or if the engine does not answer; stored lines are printed nevertheless.
 * @throws {NoServiceError} If no service answers.
 */
export async function logsCommand(options: LogsOptions, context: CliContext): Promise<number> {
  using client = new ApiClient(serverOf(context.env));
  return options.ids.length === 0
    ? await printAll(client, options, context)
    : await printSome(client, options, context);
}

async function printSome(
  client: ApiClient,
  { ids, tail, since, until, grep, follow, json }: LogsOptions,
  { terminal, signal }: CliContext,
): Promise<number> {
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  const names = [...new Set(ids)];
  const query = {
    ...(tail !== undefined && { tail }),
    ...(since && { since: since.toISOString() }),
    ...(grep !== undefined && { regex: grep }),
  };
  const range = { ...query, ...(until && { until: until.toISOString() }) };
  const logs = names.map((id) =>
    follow ? followLog(client, id, query, either) : readLog(client, id, range, either)
  );
  const print = linePrinter(terminal, json, names.length > 1 ? names : []);
  const remark = remarks(terminal, follow);
  let isComplete = true;
  try {
    for await (const { index, update } of mergeLogs(logs)) {
      if (update.kind === "line") print(names[index]!, update.line);
      else remark(update);
      if (update.kind === "problem" && !follow) isComplete = false;
      if (terminal.isClosed) break;
    }
  } finally {
    ending.abort();
  }
  if (signal.aborted && !follow) return EXIT.interrupted;
  return isComplete ? EXIT.ok : EXIT.failed;
}

async function printAll(
  client: ApiClient,
  { since, until, grep, json }: LogsOptions,
  { terminal, signal }: CliContext,
): Promise<number> {
  const query = {
    ...(grep !== undefined && { regex: grep }),
    ...(since && { from: since.toISOString() }),
    ...(until && { to: until.toISOString() }),
  };
  const print = linePrinter(terminal, json);
  for await (const { bot, ...line } of searchLogs(client, query, signal)) {
    print(bot, line);
    if (terminal.isClosed) break;
  }
  return EXIT.ok;
}

/** Reports the events of the reading, each once. */
function remarks(
  terminal: Terminal,
  follow: boolean,
): (update: Exclude<LogUpdate, { kind: "line" }>) => void {
  let last: string | undefined;
  return (update) => {
    if (update.kind === "live") last = undefined;
    if (update.kind === "live" || update.kind === "back") return;
    const text = update.kind === "lost"
      ? "The service does not answer any more; waiting until it does."
      : follow
      ? `New lines cannot be read at the moment: ${update.problem.detail}`
      : `Only the stored lines are shown; newer lines cannot be read: ${update.problem.detail}`;
    if (text !== last) terminal.note(`berth: ${printable(text)}`);
    last = text;
  };
}

/**
 * Prints exact lines for programs; on a screen, removes control characters, with which a bot could rewrite
 * it. Splits lines at line feeds, which only other programs store.
 *
 * @param names Ids to put in front, if they are known; `undefined` puts any id in front.
 */
function linePrinter(
  terminal: Terminal,
  json: boolean,
  names?: readonly string[],
): (bot: string, line: LogLine) => void {
  if (json) return (bot, line) => terminal.out(JSON.stringify({ bot, ...line }));
  const width = Math.max(0, ...(names ?? []).map((name) => name.length));
  return (bot, line) => {
    const colour = COLOURS[names?.indexOf(bot) ?? 0] ?? "cyan";
    const prefix = names?.length === 0 ? "" : `${terminal.paint(colour, bot.padEnd(width))} `;
    for (const text of line.text.split("\n")) {
      terminal.out(prefix + shownLine(terminal, { ...line, text }));
    }
  };
}
