/**
 * `berth init DIR`: makes the folder of a new bot.
 *
 * @module
 */

import { basename, relative, resolve } from "node:path";
import { InvalidBotFolderError } from "../../lib/errors.ts";
import { BOT_ID_RULE, isBotId } from "../../lib/executable/bot_id.ts";
import { type CliContext, EXIT, UsageError } from "../context.ts";
import { botTemplate, isPlain, TEMPLATE_RUNTIMES, type TemplateRuntime } from "../init/bot_template.ts";
import { printable } from "../output/terminal.ts";

/** Options of {@linkcode initCommand}. */
export interface InitOptions {
  /** Folder, as typed. */
  readonly folder: string;
  /** Name of the runtime; absent if none was given. */
  readonly runtime?: string;
  /** Whether the bot runs on a schedule. */
  readonly isScheduled: boolean;
  /** Whether the bot is written in TypeScript. */
  readonly isTypeScript: boolean;
}

/**
 * Writes a bot that runs as it is: code, configuration, README and a test.
 *
 * @param options The folder and the kind of bot.
 * @param context The command's context.
 * @throws {InvalidBotFolderError} If the folder is not empty, or its name cannot be a bot's id.
 */
export async function initCommand(options: InitOptions, context: CliContext): Promise<number> {
  const { cwd, terminal } = context;
  const { folder, isScheduled, isTypeScript } = options;
  const { runtime = isTypeScript ? "nodejs20" : "python3.11" } = options;
  if (!isTemplateRuntime(runtime)) {
    throw new UsageError(`--runtime must be one of ${TEMPLATE_RUNTIMES.join(", ")}, not '${runtime}'.`);
  }
  if (isScheduled && isPlain(runtime)) {
    throw new UsageError(`--schedule has no template for '${runtime}': a runtime of Python or Node has one.`);
  }
  if (isTypeScript && !runtime.startsWith("nodejs")) {
    throw new UsageError(`--typescript is for Node.js: leave out --runtime ${runtime}.`);
  }
  const path = resolve(cwd, folder);
  const name = basename(path);
  if (!isBotId(name)) {
    throw new InvalidBotFolderError(
      `The folder's name becomes the bot's id, so '${printable(name)}' must ${BOT_ID_RULE}.`,
    );
  }
  await requireEmpty(path);
  await write(path, botTemplate({ name, runtime, isScheduled, isTypeScript }));
  const near = relative(cwd, path) || ".";
  const shown = near.startsWith("..") ? path : near;
  terminal.out(
    printable(`${shown} is ${isScheduled ? "a schedule" : "a bot"}. Try it here with 'berth run ${shown}',`),
  );
  terminal.out(printable(`or start the service with 'berth start', then: berth deploy ${shown}`));
  return EXIT.ok;
}

function isTemplateRuntime(name: string): name is TemplateRuntime {
  return (TEMPLATE_RUNTIMES as readonly string[]).includes(name);
}

async function requireEmpty(path: string): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(path)) {
      throw new InvalidBotFolderError(
        printable(`'${path}' is not empty: it holds '${name}'. Choose another folder.`),
      );
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (error instanceof Deno.errors.NotADirectory) {
      throw new InvalidBotFolderError(printable(`'${path}' is a file. Choose another name.`));
    }
    throw error;
  }
}

async function write(path: string, files: Readonly<Record<string, string>>): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${path}/${name}`, text, { createNew: true });
    }
  } catch (error) {
    throw new InvalidBotFolderError(`Cannot write to '${path}': ${(error as Error).message}.`, {
      cause: error,
    });
  }
}
