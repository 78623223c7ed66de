/**
 * `berth deploy DIR`: deploys a bot folder to the service.
 *
 * @module
 */

import { resolve } from "node:path";
import { InvalidBotFolderError } from "../../lib/errors.ts";
import { ALL_SEGMENTS } from "../../lib/runner/runner.ts";
import type { BotRepository } from "../../services/documents/bot_repository.ts";
import { type BotFolder, readBotFolder } from "../deploy/bot_folder.ts";
import { type CliContext, EXIT } from "../context.ts";
import { deployBot, type DeployTarget } from "../deploy/deploy_bot.ts";
import { type OpenDocuments, openDocuments } from "../open_documents.ts";
import { describeLeftOut, showPacking } from "../deploy/pack_progress.ts";
import { idsOfOrigin, originOf } from "../deploy/same_origin.ts";
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
  /** Print one JSON object. */
  readonly json: boolean;
}

/**
 * Deploys a bot folder: as a schedule if its description has one, else as a bot that runs until it is
 * stopped.
 *
 * @param options The folder, and what to override.
 * @param context The command's context.
 * @returns Exit code.
 * @throws {InvalidBotFolderError} If the folder cannot be deployed.
 */
export async function deployCommand(options: DeployOptions, context: CliContext): Promise<number> {
  const { terminal, signal, cwd } = context;
  const { folder, id, configFile, enabled, json } = options;
  const bot = await readBotFolder(resolve(cwd, folder), configFile && resolve(cwd, configFile));
  if (!bot.entrypoints.bot) {
    throw new InvalidBotFolderError(
      `'${folder}' has no entrypoint 'bot', so there is nothing to run. Add it to its bot-config.yaml.`,
    );
  }
  await using documents = await openDocuments(context);
  const { segment } = documents.config;
  const target = targetOf(bot, documents);
  const found = await documents.find(id ?? bot.name);
  const other = found.find(({ target: { kind } }) => kind !== target.kind)?.target.kind;
  // An id is a bot or a schedule, never both: a bot whose folder gets a schedule must not go on running as a bot.
  if (other !== undefined) refuseOtherKind(id ?? bot.name, target.kind, other);
  // An explicit id means that one folder is deployed as several bots.
  const origin = id === undefined ? await originOf(bot.path) : undefined;
  const deployed = await deployBot(bot, target, {
    before: found[0]?.document,
    ...(id !== undefined && { id }),
    ...(enabled !== undefined && { enabled }),
    ...(origin !== undefined && { origin }),
    segment: segment === ALL_SEGMENTS ? 0 : segment,
    onProgress: showPacking(terminal, id ?? bot.name),
    onPacked: (packed) => {
      const line = describeLeftOut(packed);
      if (line) terminal.note(line);
      terminal.transient(`${id ?? bot.name}: storing ${(packed.archive.length / 1e6).toFixed(1)} MB`);
    },
    signal,
  });
  terminal.transient("");
  const others = origin !== undefined && deployed.isNew
    ? await idsOfOrigin(allRepositories(documents), deployed.id, origin)
    : [];
  if (json) terminal.out(JSON.stringify({ kind: target.kind, ...deployed, sameOrigin: others }));
  else {
    const what = deployed.isUnchanged ? "is unchanged" : deployed.isNew ? "is deployed" : "is updated";
    const why = deployed.configDisables ? "its configuration says so" : "'berth enable' starts it";
    const state = deployed.enabled ? "" : `, disabled (${why})`;
    const runs = deployed.schedule === undefined ? "" : `, runs at ${deployed.schedule}`;
    terminal.out(printable(`${deployed.id} ${what}: version ${deployed.version}${runs}${state}`));
  }
  for (const other of others) {
    terminal.note(printable(
      `berth: '${other}' was deployed from the same folder and keeps running alongside '${deployed.id}'. ` +
        `If '${deployed.id}' is its new name: berth remove ${other}`,
    ));
  }
  if (!deployed.isUnchanged) terminal.note(await documents.describePickup());
  return EXIT.ok;
}

function allRepositories({ bots, schedules }: OpenDocuments): BotRepository[] {
  return [bots, ...(schedules ? [schedules] : [])].map(({ repository }) => repository);
}

function targetOf(bot: BotFolder, { bots, schedules }: OpenDocuments): DeployTarget {
  if (bot.schedule === undefined) return bots;
  if (schedules) return schedules;
  throw new InvalidBotFolderError(
    `'${bot.path}' has a schedule, and SERVICES says that schedules are not served. Add 'schedules' to it.`,
  );
}

function refuseOtherKind(id: string, kind: string, other: string): never {
  throw new InvalidBotFolderError(
    `'${id}' is already deployed as a ${other}, and this folder is a ${kind}. Remove it first with ` +
      `'berth remove ${id}', or choose another id with --id.`,
  );
}
