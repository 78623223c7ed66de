/**
 * `berth deploy DIR`: deploys a bot folder to the service.
 *
 * @module
 */

import { resolve } from "node:path";
import { InvalidBotFolderError } from "../../lib/errors.ts";
import { IMAGE_RUNTIME } from "../../lib/executable/runtimes.ts";
import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT } from "../context.ts";
import { awaitOutcome, isGood, showOutcome } from "../deploy/await_outcome.ts";
import { awaitWatch, showWatch } from "../deploy/await_watch.ts";
import { readBotFolder } from "../deploy/bot_folder.ts";
import { type DeployedFolder, deployFolder } from "../deploy/deploy_folder.ts";
import { describeDeployed, notesOnDeployed } from "../deploy/describe_deployed.ts";
import { originOf } from "../deploy/origin_of.ts";
import { packCacheOf } from "../deploy/pack_cache_of.ts";
import { describeLeftOut, showPacking } from "../deploy/pack_progress.ts";
import { explained, showBuild } from "../deploy/build_progress.ts";
import { progressBar } from "../output/pull_progress.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode deployCommand}. */
export interface DeployOptions {
  /** Bot folder, as typed. */
  readonly folder: string;
  /** Id of the bot. Absent: the name in the folder. */
  readonly id?: string;
  /** Configuration file, as typed. Absent: `config.json` of the folder. */
  readonly configFile?: string;
  /** Whether the bot should run. Absent: unchanged; a new bot runs. */
  readonly enabled?: boolean;
  /** Whether the folder brings its libraries along, so that none are installed. */
  readonly vendor: boolean;
  /** Whether to wait until the bot runs. */
  readonly wait: boolean;
  /** How long the service watches the bot, in seconds. Absent: not at all. */
  readonly watchSeconds?: number;
  /** Whether only to say what would happen. */
  readonly dryRun: boolean;
  /** Print one JSON object. */
  readonly json: boolean;
}

/**
 * Deploys a bot folder: as a schedule if its description has one, else as a bot, and waits until the bot runs and stays
 * up.
 *
 * @param options The folder, and what to override.
 * @param context The command's context.
 * @returns 1 if the bot does not run or does not stay up, or the service went back to the revision before.
 * @throws {InvalidBotFolderError} If the folder cannot be deployed.
 * @throws {NoServiceError} If no service answers.
 */
export async function deployCommand(options: DeployOptions, context: CliContext): Promise<number> {
  const { terminal, signal, cwd, env } = context;
  const { folder, id, configFile, enabled, watchSeconds, dryRun, json, vendor, wait } = options;
  const bot = await readBotFolder(resolve(cwd, folder), configFile && resolve(cwd, configFile));
  if (!bot.entrypoints.bot && bot.runtime !== IMAGE_RUNTIME) {
    throw new InvalidBotFolderError(
      `'${folder}' has no entrypoint 'bot', so there is nothing to run. Add it to its bot-config.yaml.`,
    );
  }
  using client = new ApiClient(serverOf(env));
  const name = id ?? bot.name;
  const packs = packCacheOf(env);
  const deployed = await explained(
    terminal,
    deployFolder(client, bot, {
      ...(id !== undefined && { id }),
      ...(enabled !== undefined && { enabled }),
      // An explicit id means that one folder is deployed as several bots.
      ...(id === undefined && { origin: await originOf(bot.path) }),
      ...(watchSeconds !== undefined && { watchSeconds }),
      dryRun,
      ...(packs && { packs }),
      build: !vendor,
      ...showBuild(terminal, name),
      onPacking: showPacking(terminal, name),
      onPacked: (packed) => {
        const line = describeLeftOut(packed);
        if (line) terminal.note(line);
      },
      onSending: (sent, total) =>
        terminal.transient(printable(`${name}: uploading ${progressBar(sent, total)}`)),
      signal,
    }),
  );
  terminal.transient("");
  if (!json) terminal.out(printable(describeDeployed(deployed, dryRun)));
  for (const note of notesOnDeployed(deployed)) terminal.note(printable(note));
  if (!json) showTimes(deployed, context);
  const mustWait = wait && !dryRun && deployed.kind === "bot" && deployed.enabled && deployed.isServed;
  if (mustWait && watchSeconds !== undefined) {
    const watch = await awaitWatch(deployed.id, client, context);
    if (json) terminal.out(JSON.stringify({ ...deployed, ...(watch && { watch }) }));
    else showWatch(deployed.id, watch, terminal);
    return watch?.state === "well" ? EXIT.ok : EXIT.failed;
  }
  const start = mustWait ? await awaitOutcome(deployed, client, context) : undefined;
  terminal.transient("");
  if (json) terminal.out(JSON.stringify({ ...deployed, ...(start && { start }) }));
  else if (start) showOutcome(deployed, start, context);
  return !start || isGood(start) ? EXIT.ok : EXIT.failed;
}

function showTimes({ nextTimes = [], enabled }: DeployedFolder, { terminal }: CliContext): void {
  if (nextTimes.length > 0 && enabled) terminal.out(`Next times: ${nextTimes.map(shortTime).join(", ")}`);
}

function shortTime(time: string): string {
  return time.replace("T", " ").replace(/(:\d\d)\.\d+Z$/, "$1 UTC");
}
