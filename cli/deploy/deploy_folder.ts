/**
 * Deploys a bot folder to a service: packs it and uploads the archive, unless the service has its content, and deploys
 * it in one request.
 *
 * @module
 */

import { BerthError, InvalidBotFolderError } from "../../lib/errors.ts";
import type { Deployed, DeploymentStatus } from "../../services/contract/code.ts";
import { archiveKey } from "../../services/documents/archive_key.ts";
import { type ApiClient, ApiError } from "../client/api_client.ts";
import type { BotFolder } from "./bot_folder.ts";
import { buildDependencies, writeLock } from "./build_dependencies.ts";
import { type PackingHooks, prepareCode, type PreparedCode } from "./prepare_code.ts";
import { uploadCode } from "./upload_code.ts";

/** Options of {@linkcode deployFolder}. */
export interface DeployFolderOptions extends PackingHooks {
  /** Id of the bot or the schedule. @default the name in the folder */
  readonly id?: string;
  /** Whether it should run. @default unchanged; a new one runs */
  readonly enabled?: boolean;
  /** Origin of the folder, see `originOf()`; absent if it is not recorded. */
  readonly origin?: string;
  /** How long the service watches the bot, in seconds. @default {not at all} */
  readonly watchSeconds?: number;
  /** Whether only to say what would happen. @default false */
  readonly dryRun?: boolean;
  /** Whether libraries that the folder names and does not bring along are installed. @default true */
  readonly build?: boolean;
  /** Called for each line that the build of the libraries prints. */
  readonly onBuilding?: (line: string) => void;
  /** Called when a lock was made. `problem` says why it could not be written into the folder. */
  readonly onLock?: (file: string, problem?: string) => void;
  /** Called while the archive is sent. */
  readonly onSending?: (sent: number, total: number) => void;
}

/** A deployment. */
export interface DeployedFolder extends Deployed {
  /** Whether the archive was sent: the service may have had it. */
  readonly isSent: boolean;
  /** Size of the archive, in bytes. */
  readonly archiveBytes: number;
}

/**
 * Deploys a bot folder, as a new bot or schedule or as an update.
 *
 * @param client The client of the service.
 * @param bot The folder.
 * @param options The values to override.
 * @returns The outcome of a deployment.
 * @throws {InvalidBotFolderError} If the folder cannot be packed or run.
 * @throws {ApiError} If the service refuses it. @throws {NoServiceError} If none answers.
 */
export async function deployFolder(
  client: ApiClient,
  bot: BotFolder,
  folderOptions: DeployFolderOptions = {},
): Promise<DeployedFolder> {
  const { id = bot.name, dryRun = false, build = true, onLock, onBuilding, onSending, signal } =
    folderOptions;
  const options = signal ? { signal } : {};
  // Asked first: without a service, or as another kind, there is nothing to pack.
  const before = await findDeployment(client, id, signal);
  requireKind(id, bot, before);
  let { body, code } = await prepare(client, bot, before, folderOptions);
  const send = () => upload(client, { id, version: bot.version, ...code, onSending, signal });
  // Problems of the description are reported before anything is sent.
  const dry = await client.call("deploy", { body: { ...body, dryRun: true } }, options);
  if (dryRun) return { ...dry, isSent: false, archiveBytes: code.size };
  let isSent = await send();
  const lock = build ? await buildDependencies(client, body, onBuilding, signal) : undefined;
  if (lock) {
    const problem = await writeLock(bot.path, lock);
    onLock?.(lock.file, problem);
    if (problem === undefined) {
      // With its lock, so that the next deployment of the folder finds nothing changed.
      ({ body, code } = await prepare(client, bot, before, folderOptions));
      isSent = await send();
    }
  }
  const deployed = await client.call("deploy", { body }, options);
  await code.keep();
  return { ...deployed, isSent, archiveBytes: code.size };
}

/** Prepares the code, and makes the request that deploys it. */
async function prepare(
  client: ApiClient,
  bot: BotFolder,
  before: DeploymentStatus | undefined,
  options: DeployFolderOptions,
) {
  const { id = bot.name, enabled, origin, watchSeconds, build: builds = true } = options;
  const code = await prepareCode(client, bot, { ...options, id, isNew: !before });
  const body = {
    ...requestOf(bot),
    id,
    filePath: archiveKey(id, { version: bot.version, build: code.build }),
    base: before?.revision ?? null,
    ...(!builds && { build: false }),
    ...(enabled !== undefined && { enabled }),
    ...(origin !== undefined && { origin }),
    ...(watchSeconds !== undefined && { watchSeconds }),
  };
  return { body, code };
}

function requestOf(bot: BotFolder) {
  const { name, description, version, author, type, runtime, schedule, settings, entrypoints, config } = bot;
  return {
    name,
    version,
    runtime,
    settings,
    config,
    entrypoints,
    ...(description !== undefined && { description }),
    ...(author !== undefined && { author }),
    ...(type !== undefined && { type: type as "realtime" | "scheduled" }),
    ...(schedule !== undefined && { schedule }),
  };
}

/**
 * Finds what is deployed under an id.
 *
 * @param client The client of the service.
 * @param id The id.
 * @param signal Cancels the call.
 * @returns `undefined` if nothing is.
 */
export async function findDeployment(
  client: ApiClient,
  id: string,
  signal?: AbortSignal,
): Promise<DeploymentStatus | undefined> {
  try {
    return await client.call("getDeployment", { params: { id } }, signal ? { signal } : {});
  } catch (error) {
    if (error instanceof ApiError && error.code === "deployment/not-found") return undefined;
    throw error;
  }
}

async function upload(
  client: ApiClient,
  { id, version, build, archive, keep, onSending, signal }:
    & { readonly id: string; readonly version: string }
    & Pick<PreparedCode, "build" | "archive" | "keep">
    & { readonly onSending: DeployFolderOptions["onSending"]; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  if (!archive) return false;
  const onProgress = (sent: number) => {
    onSending?.(sent, archive.length);
    // The service checks the archive now.
    if (sent === archive.length) void keep();
  };
  try {
    const { isSent } = await uploadCode(client, {
      id,
      version,
      build,
      archive,
      onProgress,
      ...(signal && { signal }),
    });
    return isSent;
  } catch (error) {
    if (!(error instanceof BerthError) || !error.code.startsWith("archive/")) throw error;
    throw new InvalidBotFolderError(`The service refuses the archive: ${error.message}`, { cause: error });
  }
}

function requireKind(id: string, { schedule }: BotFolder, before: DeploymentStatus | undefined): void {
  const kind = schedule === undefined ? "bot" : "schedule";
  if (!before || before.kind === kind) return;
  throw new InvalidBotFolderError(
    `'${id}' is already deployed as a ${before.kind}, and this folder is a ${kind}. Remove it first with ` +
      `'berth remove ${id}', or choose another id with --id.`,
  );
}
