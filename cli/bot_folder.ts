/**
 * A bot as a folder on disk: `bot-config.yaml`, the code and, where wanted, `config.json`.
 *
 * @module
 */

import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { InvalidBotFolderError } from "../lib/errors.ts";
import type { ExecutableInput } from "../lib/executable.ts";
import { DEFAULT_RUNTIME } from "../lib/runtimes.ts";

/** Name of the description in a bot folder. */
export const BOT_CONFIG = "bot-config.yaml";

const schema = z.object({
  name: z.string("must be a text"),
  description: z.string().optional(),
  version: z.string("must be a text, for example 1.0.0"),
  author: z.string().optional(),
  runtime: z.string().default(DEFAULT_RUNTIME),
  schedule: z.string("must be a cron expression").optional(),
  entrypoints: z.object({ bot: z.string().optional(), backtest: z.string().optional() }),
});

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
  /** When it is run, a cron expression; absent for a bot that runs until it is stopped. */
  readonly schedule?: string;
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
 * @throws {InvalidBotFolderError} when something is missing or wrong; says what, and where.
 */
export async function readBotFolder(path: string, configFile?: string): Promise<BotFolder> {
  const file = `${path}/${BOT_CONFIG}`;
  const text = await readText(file, `'${path}' is not a bot folder: it needs a ${BOT_CONFIG}`);
  const parsed = schema.safeParse(parseText(file, text));
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) =>
      `  - ${issue.path.join(".") || "file"}: ${issue.message}`
    );
    throw new InvalidBotFolderError(`Cannot use '${file}':\n${problems.join("\n")}`);
  }
  const { name, description, version, author, runtime, schedule, entrypoints } = parsed.data;
  return {
    path,
    name,
    ...(description !== undefined && { description }),
    version,
    ...(author !== undefined && { author }),
    runtime,
    ...(schedule !== undefined && { schedule }),
    entrypoints,
    config: await readConfig(path, configFile),
  };
}

async function readConfig(path: string, configFile?: string): Promise<string> {
  if (configFile) return await readText(configFile, `There is no configuration at '${configFile}'`);
  try {
    return await Deno.readTextFile(`${path}/config.json`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "{}";
    throw new InvalidBotFolderError(`Cannot read '${path}/config.json': ${(error as Error).message}`);
  }
}

async function readText(file: string, missing: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
    const message = isMissing ? `${missing}.` : `Cannot read '${file}': ${(error as Error).message}`;
    throw new InvalidBotFolderError(message, { cause: error });
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
