/**
 * `berth demo`: runs the service on its embedded default with the example bots.
 *
 * @module
 */

import { ensureInstanceDir } from "../../lib/util/temp_dir.ts";
import { ApiClient } from "../client/api_client.ts";
import type { LogLine } from "../../lib/engine/container_orchestrator.ts";
import type { ComposedServices } from "../../services/compose.ts";
import type { ServiceConfig } from "../../services/config.ts";
import { type BotFolder, readBotFolder } from "../deploy/bot_folder.ts";
import { BotView } from "../demo/bot_view.ts";
import { type CliContext, EXIT } from "../context.ts";
import { demoConfig } from "../demo/demo_config.ts";
import { runSchedules } from "../demo/demo_schedules.ts";
import { deployFolder } from "../deploy/deploy_folder.ts";
import { LocalSession } from "../local_session.ts";
import { createLogPrinter } from "../output/log_printer.ts";
import { readResult, showResult } from "../output/result_view.ts";
import { systemClock } from "../../lib/util/clock.ts";
import { allSettledOrThrow, doneOrAborted } from "../../lib/util/promises.ts";
import type { Terminal } from "../output/terminal.ts";

/** Options of {@linkcode demoCommand}. */
export interface DemoOptions {
  /** How long to run, in ms. Absent: until the user stops it. */
  readonly forMs?: number;
}

/** Time beyond the grace period for the service to act and the engine to remove the container. */
const STOP_SLACK_MS = 15_000;
/** Number of tries to reach the service, and the time between them, in ms. */
const MAX_TRIES = 200;
const TRY_INTERVAL_MS = 50;

/**
 * Deploys the examples' bots and schedules to a service, and runs their backtests, until the time is up or
 * the user stops it. Then removes the documents and waits for the service to stop the bots, so that nothing
 * is left.
 *
 * @param options How long to run.
 * @param context The command's context.
 * @returns 0 if every bot ran until it was stopped, every backtest succeeded, and no scheduled run failed.
 */
export async function demoCommand({ forMs }: DemoOptions, context: CliContext): Promise<number> {
  const config = demoConfig(context.env);
  const examples = await readExamples(context.examplesDir);
  const didWell = await serve(examples, config, forMs, context);
  context.terminal.note("Every bot is stopped, every container and folder removed");
  context.terminal.note("Try next: berth init my-bot; berth start, in another terminal; berth deploy my-bot");
  return didWell ? EXIT.ok : EXIT.failed;
}

async function serve(
  examples: readonly BotFolder[],
  config: ServiceConfig,
  forMs: number | undefined,
  context: CliContext,
): Promise<boolean> {
  const { terminal, signal } = context;
  await using session = await LocalSession.open({ ...context, config: config.runner });
  await using composed = await context.composeServices(config, session);
  const { tempDir, instance } = config.runner;
  await ensureInstanceDir(tempDir, instance, Deno.uid() ?? 0);
  for (const bucket of Object.values(config.runner.buckets)) await composed.store.ensureBucket(bucket);
  using client = new ApiClient({ tempDir, instance });
  const end = forMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(forMs)]);
  const length = forMs === undefined ? "runs until Ctrl-C" : `ends after ${forMs / 1000} s, or with Ctrl-C`;
  terminal.note(`The demo starts a service of its own and deploys ${examples.length} bots; it ${length}`);
  const stage: Stage = {
    session,
    client,
    composed,
    terminal,
    print: createLogPrinter(terminal, examples.map(({ name }) => name)),
    end,
    stopWithinMs: config.runner.stopGraceSeconds * 1000 + STOP_SLACK_MS,
  };
  const ending = new AbortController();
  const serving = composed.run(ending.signal);
  try {
    await untilServed(client, signal);
    const isScheduled = ({ schedule }: BotFolder) => schedule !== undefined;
    const outcomes = await allSettledOrThrow([
      runBots(examples.filter((bot) => bot.entrypoints.bot && !isScheduled(bot)), stage),
      runSchedules(examples.filter(isScheduled), {
        ...stage,
        composed,
        runner: session.runner,
      }),
      ...examples.filter(({ entrypoints }) => entrypoints.backtest).map((bot) => runBacktest(bot, stage)),
    ]);
    return outcomes.every(Boolean);
  } finally {
    ending.abort();
    await serving;
  }
}

/** Name of the folder with an example of each runtime. */
const RUNTIME_EXAMPLES = "runtimes";

async function readExamples(folder: string): Promise<BotFolder[]> {
  const names: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    // One folder holds an example of each runtime, whose images are not there by default.
    if (entry.isDirectory && entry.name !== RUNTIME_EXAMPLES) names.push(entry.name);
  }
  return await Promise.all(names.sort().map((name) => readBotFolder(`${folder}/${name}`)));
}

/** Waits until the service has made its socket. */
async function untilServed(client: ApiClient, signal: AbortSignal): Promise<void> {
  for (let tries = MAX_TRIES; tries > 0; tries--) {
    const isServed = await client.call("getHealth", {}, { signal }).then(() => true, (error) => {
      if (signal.aborted || tries === 1) throw error;
      return false;
    });
    if (isServed) return;
    await systemClock.sleep(TRY_INTERVAL_MS, signal);
  }
}

/** Everything that the programs of the demo use. */
interface Stage {
  readonly session: LocalSession;
  /** The client of the service. */
  readonly client: ApiClient;
  readonly composed: ComposedServices;
  readonly terminal: Terminal;
  readonly print: ReturnType<typeof createLogPrinter>;
  readonly end: AbortSignal;
  /** Longest time for stopping a bot, in ms. */
  readonly stopWithinMs: number;
}

/** Deploys the bots, shows them until the end, and removes them. */
async function runBots(bots: readonly BotFolder[], stage: Stage): Promise<boolean> {
  const { session, client, composed, terminal, print, end, stopWithinMs } = stage;
  const views = bots.map((bot) => new BotView({ bot, runner: session.runner, terminal, print }));
  const unsubscribe = composed.bots.state.subscribe((id, status) => {
    views.find(({ id: own }) => own === id)?.show(status);
  });
  const deployed: string[] = [];
  let ran = false;
  try {
    await allSettledOrThrow(bots.map(async (bot) => {
      deployed.push((await deployFolder(client, bot, { signal: end })).id);
    }));
    await doneOrAborted(new Promise(() => {}), end);
    ran = views.every(({ isRunning }) => isRunning);
  } catch (error) {
    if (!end.aborted) throw error;
  } finally {
    await allSettledOrThrow(deployed.map((id) => client.call("deleteBot", { params: { id } })));
    await allSettledOrThrow(views.map((view) => view.untilGone(stopWithinMs)));
    unsubscribe();
  }
  return ran;
}

async function runBacktest(bot: BotFolder, { session, terminal, print, end }: Stage): Promise<boolean> {
  try {
    const executable = await session.deploy(bot, "backtest");
    const onLine = (line: LogLine) => print(bot.name, line);
    const ended = await session.runner.startContainer(executable, { signal: end, onLine });
    if (ended.status === "running") return false;
    const seconds = (ended.durationMs / 1000).toFixed(1);
    terminal.out(`Backtest of ${bot.name}: ${ended.status} after ${seconds} s, exit code ${ended.exitCode}`);
    for (const line of showResult(readResult(ended.result), terminal, ended.resultMessage)) {
      terminal.out(line);
    }
    return ended.status === "success";
  } catch (error) {
    if (!end.aborted) throw error;
    terminal.note(`Backtest of ${bot.name}: given up, the demo ended first`);
    return true;
  }
}
