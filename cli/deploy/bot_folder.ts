/**
 * Reads a bot folder: `bot-config.yaml`, the code, and an optional `config.json`.
 *
 * @module
 */

import { parse as parseYaml } from "yaml";
import { InvalidBotFolderError } from "../../lib/errors.ts";
import type { ExecutableInput } from "../../lib/executable/executable.ts";
import { jsonTextProblem } from "../../lib/util/json_check.ts";
import { type Fields, isObject } from "../../services/documents/document_fields.ts";
import { decodeText } from "./decode_text.ts";
import { type BotConfig, parseBotConfig } from "./bot_config_schema.ts";
import { readFolderSettings } from "./folder_settings.ts";

/** Name of the description file in a bot folder. */
export const BOT_CONFIG = "bot-config.yaml";

/** A parsed bot folder. */
export interface BotFolder {
  /** Absolute path. */
  readonly path: string;
  /** Name of the bot. */
  readonly name: string;
  /** The bot's description. */
  readonly description?: string;
  /** Version of the code. */
  readonly version: string;
  /** Author of the code. */
  readonly author?: string;
  /** Name of its runtime. */
  readonly runtime: string;
  /** Type of the bot, if the file names it. */
  readonly type?: string;
  /** Cron expression; absent for a bot that runs until it is stopped. */
  readonly schedule?: string;
  /** Berth's settings, for `config.berth` of the document. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Script of each entrypoint. */
  readonly entrypoints: ExecutableInput["entrypointFiles"];
  /** The configuration as a JSON string. */
  readonly config: string;
}

/**
 * Reads a bot folder.
 *
 * @param path Absolute path.
 * @param configFile Absolute path of the configuration. If absent, `config.json` in the folder counts, or `{}` if
 * there is none.
 * @throws {InvalidBotFolderError} If something is missing or invalid; says what and where.
 */
export async function readBotFolder(path: string, configFile?: string): Promise<BotFolder> {
  const file = `${path}/${BOT_CONFIG}`;
  const text = await readText(file);
  if (text === undefined) {
    if (!await exists(path)) throw new InvalidBotFolderError(`There is no folder '${path}'.`);
    throw new InvalidBotFolderError(`'${path}' is not a bot folder: it needs a ${BOT_CONFIG}.`);
  }
  const strings = parseText(file, text, "failsafe");
  const parsed = parseBotConfig(strings);
  const problems = "problems" in parsed ? [...parsed.problems] : [];
  const settings = isObject(strings)
    ? readFolderSettings(strings, parseText(file, text, "core") as Fields, isScheduled(strings), problems)
    : {};
  if ("problems" in parsed || problems.length > 0) {
    const lines = problems.map((problem) => `  - ${problem}`);
    throw new InvalidBotFolderError(`Cannot use '${file}':\n${lines.join("\n")}`);
  }
  const { name, description, version, author, type, runtime, entrypoints } = parsed.config;
  const config = await readConfig(path, configFile);
  const schedule = scheduleOf(parsed.config, config, file);
  return {
    path,
    name,
    ...(description !== undefined && { description }),
    version,
    ...(author !== undefined && { author }),
    runtime,
    ...(type !== undefined && { type }),
    ...(schedule !== undefined && { schedule }),
    settings,
    entrypoints,
    config,
  };
}

/**
 * Supports folders of other tools, which put the type into this file and the schedule into the configuration.
 */
function scheduleOf({ type, schedule }: BotConfig, config: string, file: string): string | undefined {
  if (schedule !== undefined || type !== "scheduled") return schedule;
  const configured = scheduleIn(config);
  if (configured !== undefined) return configured;
  throw new InvalidBotFolderError(
    `Cannot use '${file}':\n  - schedule: is missing, and the type is scheduled; write it here, or as "schedule" ` +
      "into the configuration",
  );
}

/** Ignores invalid JSON, which is reported where the whole configuration is parsed. */
function scheduleIn(config: string): string | undefined {
  try {
    const { schedule } = JSON.parse(config) as { readonly schedule?: unknown };
    return typeof schedule === "string" ? schedule : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads a configuration.
 *
 * @param path Absolute path of the bot folder.
 * @param configFile Absolute path of the configuration. If absent, `config.json` in the folder counts, or `{}`.
 * @returns Its text, which is a JSON object.
 * @throws {InvalidBotFolderError} If it is missing or no JSON object.
 */
export async function readConfig(path: string, configFile?: string): Promise<string> {
  const file = configFile ?? `${path}/config.json`;
  const text = await readText(file);
  if (text === undefined && configFile) {
    throw new InvalidBotFolderError(`There is no configuration at '${configFile}'.`);
  }
  const wrong = text === undefined ? undefined : jsonTextProblem(text);
  // The configuration may hold secrets: no message shows its content.
  if (wrong !== undefined) throw new InvalidBotFolderError(`Cannot use '${file}': it is not JSON: ${wrong}.`);
  return text ?? "{}";
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** Reads a file; `undefined` if there is none. */
async function readText(file: string): Promise<string | undefined> {
  try {
    return decodeText(await Deno.readFile(file), file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    if (error instanceof InvalidBotFolderError) throw error;
    throw new InvalidBotFolderError(`Cannot read '${file}': ${(error as Error).message}`, { cause: error });
  }
}

function isScheduled({ schedule, type }: Fields): boolean {
  return schedule !== undefined || type === "scheduled";
}

/** With `failsafe`, every scalar is a string, so that version 1.10 does not become the number 1.1. */
function parseText(file: string, text: string, schema: "failsafe" | "core"): unknown {
  try {
    return parseYaml(text, { schema });
  } catch (error) {
    throw new InvalidBotFolderError(`Cannot use '${file}': it is not YAML: ${yamlProblem(error as Error)}.`);
  }
}

/** The library's message, without its picture of the line. */
function yamlProblem({ message }: Error): string {
  return message.split("\n")[0]!.replace(/:$/, "");
}
