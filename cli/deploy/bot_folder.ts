/**
 * A bot as a folder on disk: `bot-config.yaml`, the code and, where wanted, `config.json`.
 *
 * @module
 */

import { parse as parseYaml } from "yaml";
import { InvalidBotFolderError } from "../../lib/errors.ts";
import type { ExecutableInput } from "../../lib/executable/executable.ts";
import { jsonTextProblem } from "../../lib/util/json_check.ts";
import { decodeText } from "./decode_text.ts";
import { type BotConfig, parseBotConfig, settingsOf } from "./bot_config_schema.ts";

/** Name of the description in a bot folder. */
export const BOT_CONFIG = "bot-config.yaml";

/** A bot folder that was read. */
export interface BotFolder {
  /** Absolute path. */
  readonly path: string;
  /** Name of the bot. */
  readonly name: string;
  /** What it does. */
  readonly description?: string;
  /** Version of its code. */
  readonly version: string;
  /** Who wrote it. */
  readonly author?: string;
  /** Name of its runtime. */
  readonly runtime: string;
  /** Its type, where the file names it. */
  readonly type?: string;
  /** When it is run, a cron expression; absent for a bot that runs until it is stopped. */
  readonly schedule?: string;
  /** Settings of Berth's, which stand in its document under `config.berth`. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** Script of each of its programs. */
  readonly entrypoints: ExecutableInput["entrypointFiles"];
  /** Its configuration, JSON text. */
  readonly config: string;
}

/**
 * Reads a bot folder.
 *
 * @param path Absolute path.
 * @param configFile Absolute path of the configuration; absent: `config.json` in the folder, `{}` when there is none.
 * @throws {InvalidBotFolderError} If something is missing or wrong; says what, and where.
 */
export async function readBotFolder(path: string, configFile?: string): Promise<BotFolder> {
  const file = `${path}/${BOT_CONFIG}`;
  const text = await readText(file);
  if (text === undefined) {
    throw new InvalidBotFolderError(`'${path}' is not a bot folder: it needs a ${BOT_CONFIG}.`);
  }
  const parsed = parseBotConfig(parseText(file, text));
  if ("problems" in parsed) {
    const problems = parsed.problems.map((problem) => `  - ${problem}`);
    throw new InvalidBotFolderError(`Cannot use '${file}':\n${problems.join("\n")}`);
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
    settings: settingsOf(parsed.config),
    entrypoints,
    config,
  };
}

/** Other tools write the type here and the schedule into the configuration. */
function scheduleOf({ type, schedule }: BotConfig, config: string, file: string): string | undefined {
  if (schedule !== undefined || type !== "scheduled") return schedule;
  const configured = scheduleIn(config);
  if (configured !== undefined) return configured;
  throw new InvalidBotFolderError(
    `Cannot use '${file}':\n  - schedule: is missing, and the type is scheduled; write it here, or as "schedule" ` +
      "into the configuration",
  );
}

/** Text that is not JSON is reported where the whole of it is read. */
function scheduleIn(config: string): string | undefined {
  try {
    const { schedule } = JSON.parse(config) as { readonly schedule?: unknown };
    return typeof schedule === "string" ? schedule : undefined;
  } catch {
    return undefined;
  }
}

async function readConfig(path: string, configFile?: string): Promise<string> {
  const file = configFile ?? `${path}/config.json`;
  const text = await readText(file);
  if (text === undefined && configFile) {
    throw new InvalidBotFolderError(`There is no configuration at '${configFile}'.`);
  }
  const wrong = text === undefined ? undefined : jsonTextProblem(text);
  // It may hold secrets: its content never goes into a message.
  if (wrong !== undefined) throw new InvalidBotFolderError(`Cannot use '${file}': it is not JSON: ${wrong}.`);
  return text ?? "{}";
}

/** Reads a file; `undefined` when there is none. */
async function readText(file: string): Promise<string | undefined> {
  try {
    return decodeText(await Deno.readFile(file), file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    if (error instanceof InvalidBotFolderError) throw error;
    throw new InvalidBotFolderError(`Cannot read '${file}': ${(error as Error).message}`, { cause: error });
  }
}

function parseText(file: string, text: string): unknown {
  try {
    // Every scalar is a text: version 1.10 must not become the number 1.1.
    return parseYaml(text, { schema: "failsafe" });
  } catch (error) {
    throw new InvalidBotFolderError(`Cannot use '${file}': it is not YAML: ${(error as Error).message}`);
  }
}
