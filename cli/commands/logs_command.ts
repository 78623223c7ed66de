/**
 * `berth logs ID`: prints the log of a bot or of a schedule's runs.
 *
 * @module
 */

import { parseBotId } from "../../lib/executable/bot_id.ts";
import { EngineUnavailableError } from "../../lib/errors.ts";
import { formatLine, type StoredLogLine } from "../../lib/logs/line_format.ts";
import { LogStoreReader } from "../../lib/logs/log_store_reader.ts";
import { ALL_SEGMENTS } from "../../lib/runner/runner.ts";
import { parseServiceConfig } from "../../services/config.ts";
import { type CliContext, EXIT } from "../context.ts";
import { openDocuments } from "../open_documents.ts";
import { printable, type Terminal } from "../output/terminal.ts";

/** Options of {@linkcode logsCommand}. */
export interface LogsOptions {
  /** Id of the bot, or of the schedule. */
  readonly id: string;
  /** Number of last lines to print. @default all */
  readonly tail?: number;
  /** Only lines at or after this time. @default all */
  readonly since?: Date;
  /** Continue with new lines. */
  readonly follow: boolean;
  /** Print one JSON object per line. */
  readonly json: boolean;
}

/**
 * Prints a log, including lines that are not stored yet. Works without a service.
 *
 * @param options Which lines, and how to print.
 * @param context The command's context.
 * @returns 1 if the id is unknown, or if the engine does not answer; stored lines are printed nevertheless.
 */
export async function logsCommand(options: LogsOptions, context: CliContext): Promise<number> {
  const { terminal, signal } = context;
  const { id, follow, json, tail, since } = options;
  parseBotId(id);
  const { runner: config } = parseServiceConfig(context.env);
  const store = await context.createStore(config);
  const stored = new LogStoreReader(store, config.buckets.logs);
  await using runner = await context.createRunner(config, store);
  const which = { ...(tail !== undefined && { tail }), ...(since && { since }), signal };
  const print = json ? (line: StoredLogLine) => terminal.out(JSON.stringify(line)) : linePrinter(terminal);
  let hasPrinted = false;
  const show = async (lines: AsyncIterable<StoredLogLine>) => {
    for await (const line of lines) {
      print(line);
      hasPrinted = true;
      if (terminal.isClosed) return;
    }
  };
  const hasContainer = async () =>
    (await runner.listManagedContainers(ALL_SEGMENTS, { signal })).some((container) => container.id === id);
  try {
    const isKnown = (await stored.days(id, { signal })).length > 0 || await hasContainer() ||
      await hasDocument(id, context);
    if (!isKnown) {
      terminal.note(
        `berth: There is no bot, schedule or log with the id '${id}'; 'berth bots' lists them.`,
      );
      return EXIT.failed;
    }
    await show(runner.readLogs(id, { ...which, follow }));
  } catch (error) {
    if (hasPrinted || !(error instanceof EngineUnavailableError)) throw error;
    await show(stored.read(id, which));
    terminal.note(`berth: Only the stored lines are shown; newer lines cannot be read: ${error.message}`);
    return EXIT.failed;
  }
  return signal.aborted && !follow ? EXIT.interrupted : EXIT.ok;
}

async function hasDocument(id: string, context: CliContext): Promise<boolean> {
  await using documents = await openDocuments(context);
  return (await documents.find(id)).length > 0;
}

/**
 * Prints exact lines for programs; on a screen, removes control characters, with which a bot could rewrite
 * it. Splits lines at line feeds, which only other programs store.
 */
function linePrinter(terminal: Terminal): (line: StoredLogLine) => void {
  return (line) => {
    for (const part of line.text.split("\n")) showLine(terminal, { ...line, text: part });
  };
}

function showLine(terminal: Terminal, line: StoredLogLine): void {
  if (!terminal.isScreen) return terminal.out(formatLine(line));
  const text = printable(line.text);
  const whole = formatLine({ ...line, text });
  const head = whole.slice(0, whole.length - text.length);
  const style = line.stream === "stderr" ? "red" : line.stream === "berth" ? "yellow" : "dim";
  terminal.out(terminal.paint(style, head) + text);
}
