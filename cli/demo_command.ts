/**
 * `berth demo`: the example bots, run the way production runs them.
 *
 * @module
 */

import type { LogLine } from "../lib/container_orchestrator.ts";
import { type BotFolder, readBotFolder } from "./bot_folder.ts";
import { type CliContext, EXIT } from "./context.ts";
import { createLogPrinter } from "./log_printer.ts";
import { LocalSession } from "./local_session.ts";
import { parseResult, showResult } from "./result_view.ts";
import { sessionConfig } from "./session_config.ts";
import { settleAll, untilAborted } from "./settle.ts";
import type { Terminal } from "./terminal.ts";

/** Options of {@linkcode demoCommand}. */
export interface DemoOptions {
  /** How long to run, in ms; absent: until the user stops it. */
  readonly forMs?: number;
}

const ENDINGS = {
  "stopped": "stopped",
  "killed": "did not stop in time and was killed",
  "already-exited": "ended by itself",
} as const;

/**
 * Runs the examples: their bots and their backtests side by side, until the time is up or the user stops them.
 *
 * @param options See {@linkcode DemoOptions}.
 * @param context See {@linkcode CliContext}.
 * @returns 0 when every bot ran until it was stopped and every backtest succeeded.
 */
export async function demoCommand({ forMs }: DemoOptions, context: CliContext): Promise<number> {
  const { terminal } = context;
  const config = sessionConfig(context.env, "demo");
  const examples = await readExamples(context.examplesDir);
  await using session = await LocalSession.open({ ...context, config });
  const print = createLogPrinter(terminal, examples.map(({ name }) => name));
  const end = forMs === undefined
    ? context.signal
    : AbortSignal.any([context.signal, AbortSignal.timeout(forMs)]);
  terminal.note(
    forMs === undefined
      ? "The demo runs until Ctrl-C"
      : `The demo ends after ${forMs / 1000} s, or with Ctrl-C`,
  );
  const stage: Stage = { session, terminal, print, end };
  const programs = examples.flatMap((bot) => [
    ...(bot.entrypoints.bot ? [runBot(bot, stage)] : []),
    ...(bot.entrypoints.backtest ? [runBacktest(bot, stage)] : []),
  ]);
  const outcomes = await settleAll(programs);
  terminal.note("Everything is stopped and removed");
  return outcomes.every(Boolean) ? EXIT.ok : EXIT.failed;
}

async function readExamples(folder: string): Promise<BotFolder[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) if (entry.isDirectory) names.push(entry.name);
  return await Promise.all(names.sort().map((name) => readBotFolder(`${folder}/${name}`)));
}

/** Everything that one program of the demo works with. */
interface Stage {
  readonly session: LocalSession;
  readonly terminal: Terminal;
  readonly print: ReturnType<typeof createLogPrinter>;
  readonly end: AbortSignal;
}

async function runBot(bot: BotFolder, { session, terminal, print, end }: Stage): Promise<boolean> {
  const { runner } = session;
  const { containerId, containerName } = await runner.startContainer(await session.deploy(bot, "bot"));
  terminal.note(`${bot.name} ${bot.version} (${bot.runtime}) runs as ${containerName}`);
  const following = (async () => {
    for await (const line of runner.getContainerLogs(containerId, { follow: true })) print(bot.name, line);
  })();
  await untilAborted(following, end);
  const { how, exitCode } = await runner.stopContainer(containerId, { keep: true });
  // The last lines come before the word that it has ended.
  await following;
  terminal.note(`${bot.name}: ${ENDINGS[how]}, exit code ${exitCode}`);
  return how === "stopped";
}

async function runBacktest(bot: BotFolder, { session, terminal, print, end }: Stage): Promise<boolean> {
  try {
    const executable = await session.deploy(bot, "backtest");
    const onLine = (line: LogLine) => print(bot.name, line);
    const ended = await session.runner.startContainer(executable, { signal: end, onLine });
    if (ended.status === "running") return false;
    const seconds = (ended.durationMs / 1000).toFixed(1);
    terminal.out(`Backtest of ${bot.name}: ${ended.status} after ${seconds} s, exit code ${ended.exitCode}`);
    for (const line of showResult(parseResult(ended.result), terminal)) terminal.out(line);
    return ended.status === "success";
  } catch (error) {
    if (!end.aborted) throw error;
    terminal.note(`Backtest of ${bot.name}: given up, the demo ended first`);
    return true;
  }
}
