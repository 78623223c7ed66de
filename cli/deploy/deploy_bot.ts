/**
 * Deploys a bot folder: puts the archive into the object store and the document into the repository.
 *
 * @module
 */

import { stat } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { ArchiveLimits } from "../../lib/archive/archive_limits.ts";
import { InvalidBotFolderError } from "../../lib/errors.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import { parseBotDocument } from "../../services/documents/bot_document.ts";
import type { BotChange, BotDocument, BotRepository } from "../../services/documents/bot_repository.ts";
import { field, isObject } from "../../services/documents/document_fields.ts";
import { parseScheduleDocument } from "../../services/schedules/schedule_document.ts";
import type { BotFolder } from "./bot_folder.ts";
import { botToDocument } from "./bot_to_document.ts";
import { enablingFields } from "../../services/documents/enabling_fields.ts";
import { describeCron } from "../../services/cron/describe_cron.ts";
import { archivePrefix, type ArchiveTarget, storeArchive } from "./store_archive.ts";

/** Where documents of one kind and their code are deployed to. */
export interface DeployTarget {
  /** The kind of document. */
  readonly kind: "bot" | "schedule";
  /** The documents. */
  readonly repository: BotRepository;
  /** The object store. */
  readonly store: ObjectStore;
  /** The bucket for code. */
  readonly bucket: string;
  /** What an archive may hold. */
  readonly limits: ArchiveLimits;
  /** Announces a change that was written. */
  readonly publish: (change: BotChange) => Promise<unknown>;
}

/** Options of {@linkcode deployBot}. */
export interface DeployBotOptions extends Pick<ArchiveTarget, "onProgress" | "onPacked"> {
  /** The document that is deployed now; `undefined` if there is none. */
  readonly before: BotDocument | undefined;
  /** Id of the bot. @default the name in the folder */
  readonly id?: string;
  /** Whether the bot should run. @default unchanged; a new bot runs */
  readonly enabled?: boolean;
  /** Origin of the folder, see `originOf()`; absent if it is not recorded. */
  readonly origin?: string;
  /** Segment of a new bot. @default 0 */
  readonly segment?: number;
  /** Aborts the deployment. Anything written stays. */
  readonly signal?: AbortSignal;
}

/** The result of a deployment. */
export interface DeployedBot {
  /** Id of the bot. */
  readonly id: string;
  /** Version of the code. */
  readonly version: string;
  /** Key of the archive in the code bucket. */
  readonly filePath: string;
  /** Whether the bot is enabled, considering its configuration. */
  readonly enabled: boolean;
  /** Whether only the configuration disables the bot. */
  readonly configDisables: boolean;
  /** Whether the bot is new. */
  readonly isNew: boolean;
  /** Whether nothing has changed, and nothing was written. */
  readonly isUnchanged: boolean;
  /** Cron expression, with the time zone if it is not UTC; absent for a bot that runs until it is stopped. */
  readonly schedule?: string;
}

/**
 * Deploys a bot folder, as a new bot or as an update. Writes the archive before the document that names it.
 *
 * @param bot The folder.
 * @param target Where to deploy.
 * @param options The current document, and what to override.
 * @returns The result.
 * @throws {InvalidBotFolderError} If the bot cannot be run, or another program has written a later document.
 * @throws {StoreUnavailableError | ObjectStoreError} If a write fails.
 */
export async function deployBot(
  bot: BotFolder,
  target: DeployTarget,
  { id = bot.name, before, enabled, segment = 0, origin, signal, ...packing }: DeployBotOptions,
): Promise<DeployedBot> {
  const { store, bucket, limits } = target;
  const describe = (filePath: string) => {
    const document = botToDocument(bot, {
      id,
      filePath,
      // Deploying new code must not start a bot that somebody has disabled.
      enabled: enabled ?? before?.enabled !== false,
      segment,
      now: Date.now(),
      ...(before && { before }),
      ...(origin !== undefined && { origin }),
    });
    return enabled === true ? { ...document, ...enablingFields(document, true) } : document;
  };
  // Report problems of the folder before anything is written.
  describe("not-stored-yet");
  await requireScript(bot);
  const filePath = await storeArchive(bot, { store, bucket, id, limits, ...packing, signal });
  const document = describe(filePath);
  const isUnchanged = before !== undefined && isSameBot(before, document);
  if (!isUnchanged) await write(id, document, before === undefined, target, signal);
  await removeOlderArchives(target, id, [filePath, filePathOf(before)]);
  const schedule = bot.schedule === undefined ? undefined : scheduleOf(document);
  return {
    id,
    version: bot.version,
    filePath,
    enabled: parseBotDocument(document).enabled,
    configDisables: document.enabled === true && !parseBotDocument(document).enabled,
    isNew: before === undefined,
    isUnchanged,
    ...(schedule !== undefined && { schedule }),
  };
}

async function write(
  id: string,
  document: BotDocument,
  isNew: boolean,
  { repository, publish }: DeployTarget,
  signal: AbortSignal | undefined,
): Promise<void> {
  const type = isNew ? "created" : "updated";
  const change: BotChange = { type, id, document, order: { publishedAt: Date.now() } };
  if (!await repository.apply(change, { signal })) {
    throw new InvalidBotFolderError(
      `'${id}' was not deployed: somebody changed it, or this machine's clock is behind. Deploy it again.`,
    );
  }
  await publish(change);
}

/**
 * Whether the stored document already has everything that a deployment writes, except for the time. Other
 * fields belong to other programs.
 */
function isSameBot(before: BotDocument, now: BotDocument): boolean {
  const written = Object.fromEntries(Object.keys(now).map((name) => [name, field(before, name)]));
  return isDeepStrictEqual(withoutTime(written), withoutTime(now));
}

function withoutTime(document: Record<string, unknown>): unknown {
  const exact = (_key: string, value: unknown) => typeof value === "bigint" ? `${value}n` : value;
  const plain = JSON.parse(JSON.stringify(document, exact));
  if (isObject(plain.custom)) delete plain.custom.updatedAt;
  return plain;
}

function scheduleOf(document: BotDocument): string | undefined {
  const parsed = parseScheduleDocument(document);
  return parsed.status === "valid" ? describeCron(parsed.cron) : undefined;
}

async function requireScript({ path, entrypoints }: BotFolder): Promise<void> {
  const script = `${path}/${entrypoints.bot}`;
  const info = await stat(script).catch(() => undefined);
  if (info?.isFile()) return;
  throw new InvalidBotFolderError(
    `There is no script '${script}', which bot-config.yaml names as the entrypoint 'bot'.`,
  );
}

/** Keeps the previous archive, because a start with it may be in progress. */
async function removeOlderArchives(
  { store, bucket }: DeployTarget,
  id: string,
  kept: readonly unknown[],
): Promise<void> {
  for await (const { key } of store.list(bucket, archivePrefix(id))) {
    if (!kept.includes(key)) await store.delete(bucket, key);
  }
}

function filePathOf(document: BotDocument | undefined): unknown {
  const custom = document && field(document, "custom");
  return isObject(custom) ? field(custom, "filePath") : undefined;
}
