/**
 * `berth run DIR`: runs one bot in the foreground.
 *
 * @module
 */

import { resolve } from "node:path";
import { InvalidBotFolderError } from "../../lib/errors.ts";
import { IMAGE_RUNTIME } from "../../lib/executable/runtimes.ts";
import { describeExit, describeOwnExit } from "../../lib/runner/describe_exit.ts";
import { explained, showBuild } from "../deploy/build_progress.ts";
import { readBotFolder } from "../deploy/bot_folder.ts";
import { effectiveSettings } from "../deploy/effective_settings.ts";
import { type CliContext, EXIT } from "../context.ts";
import { LocalSession } from "../local_session.ts";
import { createLogPrinter } from "../output/log_printer.ts";
import { sessionConfig } from "../session_config.ts";
import { doneOrAborted } from "../../lib/util/promises.ts";

/** Options of {@linkcode runCommand}. */
export interface RunOptions {
  /** Bot folder, as typed. */
  readonly folder: string;
  /** Configuration file, as typed. Absent: `config.json` of the folder. */
  readonly configFile?: string;
}

/**
 * Runs a bot until it ends or the user stops it.
 *
 * @param options The folder.
 * @param context The command's context.
 * @returns The bot's exit code; 0 if the user stopped it and it ended within its grace period.
 */
export async function runCommand({ folder, configFile }: RunOptions, context: CliContext): Promise<number> {
  const { terminal, signal, cwd } = context;
  const path = resolve(cwd, folder);
  const bot = await readBotFolder(path, configFile && resolve(cwd, configFile));
  if (!bot.entrypoints.bot && bot.runtime !== IMAGE_RUNTIME) {
    throw new InvalidBotFolderError(
      `'${folder}' has no entrypoint 'bot'. Add it to its bot-config.yaml, or use 'berth backtest'.`,
    );
  }
  const config = sessionConfig(context.env, "run", path);
  await using session = await LocalSession.open({ ...context, config });
  const { onBuilding } = showBuild(terminal, bot.name);
  const executable = await explained(terminal, session.deploy(bot, "bot", { onBuilding, signal }));
  const started = await session.runner.startContainer(executable, { signal });
  terminal.note(`${bot.name} runs as ${started.containerName}; Ctrl-C stops it`);
  const print = createLogPrinter(terminal, [bot.name]);
  const { containerId } = started;
  const following = (async () => {
    // The user's signal does not end the output: the user also sees the bot's last lines.
    for await (const line of session.runner.getContainerLogs(containerId, { follow: true })) {
      print(bot.name, line);
    }
  })();
  await doneOrAborted(following, signal);
  const { stopGraceSeconds = config.stopGraceSeconds } = effectiveSettings(bot).settings;
  const { how, exitCode } = await session.runner.stopContainer(containerId, {
    keep: true,
    graceSeconds: stopGraceSeconds,
  });
  await following;
  const exit = { ...await session.runner.getContainerStatus(containerId), exitCode };
  if (how === "already-exited") {
    terminal.note(`${bot.name} ended: ${describeOwnExit(exit)}`);
    return exitCode;
  }
  terminal.note(
    how === "killed"
      ? `${bot.name} did not end within ${stopGraceSeconds} s of SIGTERM and was killed`
      : `${bot.name} stopped (${describeExit(exit)})`,
  );
  return how === "killed" ? EXIT.failed : EXIT.ok;
}
