/**
 * A bot as a folder on disk: `bot-config.yaml`, the code and, where wanted, `config.json`.
 *
 * @module
 */

import { parse as parseYaml } from "yaml";
import { z } from "zod";
import { InvalidBotFolderError } from "../lib/errors.ts";
import type { ExecutableInput } from "../lib/executable.ts";
import { jsonTextProblem } from "../lib/json_check.ts";
import { DEFAULT_RUNTIME } from "../lib/runtimes.ts";
import { decodeText } from "./decode_text.ts";

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
  const text = await readText(file);
  if (text === undefined) {
    throw new InvalidBotFolderError(`'${path}' is not a bot folder: it needs a ${BOT_CONFIG}.`);
  }
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
