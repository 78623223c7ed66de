/**
 * `berth backtest DIR`: runs a backtest.
 *
 * @module
 */

import { resolve } from "node:path";
import { InvalidBotFolderError } from "../../lib/errors.ts";
import { explained, showBuild } from "../deploy/build_progress.ts";
import { readBotFolder } from "../deploy/bot_folder.ts";
import { type CliContext, EXIT } from "../context.ts";
import { LocalSession } from "../local_session.ts";
import { createLogPrinter } from "../output/log_printer.ts";
import { readResult, showResult } from "../output/result_view.ts";
import { sessionConfig } from "../session_config.ts";

/** Options of {@linkcode backtestCommand}. */
export interface BacktestOptions {
  /** Bot folder, as typed. */
  readonly folder: string;
  /** Configuration file, as typed. Absent: `config.json` of the folder. */
  readonly configFile?: string;
  /** Print one JSON document on standard output, and the program's output on standard error. */
  readonly json: boolean;
}

/**
 * Runs a backtest and prints its result.
 *
 * @param options The folder, and how to print.
 * @param context The command's context.
 * @returns The program's exit code.
 */
export async function backtestCommand(options: BacktestOptions, context: CliContext): Promise<number> {
  const { terminal, signal, cwd } = context;
  const path = resolve(cwd, options.folder);
  const bot = await readBotFolder(path, options.configFile && resolve(cwd, options.configFile));
  if (!bot.entrypoints.backtest) {
    throw new InvalidBotFolderError(
      `'${options.folder}' has no entrypoint 'backtest'. Add it to its bot-config.yaml, or use 'berth run'.`,
    );
  }
  const config = sessionConfig(context.env, "backtest", path);
  await using session = await LocalSession.open({ ...context, config });
  const { onBuilding } = showBuild(terminal, bot.name);
  const executable = await explained(
    terminal,
    session.deploy(bot, "backtest", { onBuilding, signal }),
  );
  const lines = options.json ? { ...terminal, out: terminal.note } : terminal;
  const print = createLogPrinter(lines, [bot.name]);
  const ended = await session.runner.startContainer(executable, {
    signal,
    onLine: (line) => print(bot.name, line),
  });
  if (ended.status === "running") return EXIT.failed;
  const result = ended.resultProblem ? undefined : readResult(ended.result);
  if (options.json) {
    const { status, exitCode, durationMs, resultProblem, resultMessage } = ended;
    const fields = { id: bot.name, version: bot.version, status, exitCode, durationMs };
    const json = JSON.stringify({ ...fields, resultProblem, resultMessage });
    // Printed as the bot wrote it: parsing would drop digits and reorder keys.
    terminal.out(`${json.slice(0, -1)},"result":${result?.text ?? "null"}}`);
  } else {
    terminal.note(
      `${bot.name} ended after ${(ended.durationMs / 1000).toFixed(1)} s, exit code ${ended.exitCode}`,
    );
    if (ended.status === "error") terminal.note(ended.message);
    for (const line of showResult(result, terminal, ended.resultMessage)) terminal.out(line);
  }
  return ended.exitCode;
}
