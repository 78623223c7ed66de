/**
 * `berth deploy DIR`: gives a bot folder to the service.
 *
 * @module
 */

import { resolve } from "node:path";
import { InvalidBotFolderError } from "../lib/errors.ts";
import { ALL_SEGMENTS } from "../lib/runner.ts";
import { readBotFolder } from "./bot_folder.ts";
import { type CliContext, EXIT } from "./context.ts";
import { deployBot } from "./deploy_bot.ts";
import { openDocuments } from "./open_documents.ts";

/** Options of {@linkcode deployCommand}. */
export interface DeployOptions {
  /** Bot folder, as typed. */
  readonly folder: string;
  /** Id of the bot; absent: the name in its description. */
  readonly id?: string;
  /** File with the configuration, as typed; absent: `config.json` of the folder. */
  readonly configFile?: string;
  /** Whether it is to run. */
  readonly enabled: boolean;
  /** Print one JSON object. */
  readonly json: boolean;
}

/**
 * Deploys a bot folder.
 *
 * @param options See {@linkcode DeployOptions}.
 * @param context See {@linkcode CliContext}.
 * @returns Exit code.
 * @throws {InvalidBotFolderError} when the folder is no bot that can be deployed.
 */
export async function deployCommand(options: DeployOptions, context: CliContext): Promise<number> {
  const { terminal, signal, cwd } = context;
  const { folder, id, configFile, enabled, json } = options;
  const bot = await readBotFolder(resolve(cwd, folder), configFile && resolve(cwd, configFile));
  if (!bot.entrypoints.bot) {
    throw new InvalidBotFolderError(
      `'${folder}' has no entrypoint 'bot', so there is nothing to keep running. Add it to its bot-config.yaml.`,
    );
  }
  if (bot.schedule !== undefined) {
    throw new InvalidBotFolderError(
      `'${folder}' has a schedule, and 'berth deploy' gives the service bots that run until they are stopped. ` +
        "Have your API server write the schedule's document, or see it run in 'berth demo'.",
    );
  }
  await using documents = await openDocuments(context);
  const { segment } = documents.config;
  const deployed = await deployBot(bot, documents, {
    ...(id !== undefined && { id }),
    enabled,
    segment: segment === ALL_SEGMENTS ? 0 : segment,
    signal,
  });
  if (json) terminal.out(JSON.stringify(deployed));
  else {
    const what = deployed.isNew ? "is deployed" : "is updated";
    const why = enabled ? "its configuration says so" : "'berth enable' starts it";
    const state = deployed.enabled ? "" : `, disabled (${why})`;
    terminal.out(`${deployed.id} ${what}: version ${deployed.version}${state}`);
  }
  terminal.note(await documents.whenHeard());
  return EXIT.ok;
}
