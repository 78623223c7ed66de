/**
 * The command line: reads the arguments, calls the command, turns errors into text and exit codes.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { backtestCommand } from "./cli/backtest_command.ts";
import { type CliContext, EXIT, UsageError } from "./cli/context.ts";
import { demoCommand } from "./cli/demo_command.ts";
import { doctorCommand } from "./cli/doctor_command.ts";
import { parseDuration } from "./cli/duration.ts";
import { imagesCommand } from "./cli/images_command.ts";
import { permissionsCommand } from "./cli/permissions_command.ts";
import { runCommand } from "./cli/run_command.ts";
import { startCommand } from "./cli/start_command.ts";
import { BerthError } from "./lib/errors.ts";

const USAGE = `Berth runs bots in containers.

Usage: berth COMMAND

  start                               run the service until it is told to stop
  permissions                         print the exact permissions of the service
  demo [--for 20s]                    run the example bots
  run DIR [--config FILE]             run one bot folder in the foreground
  backtest DIR [--config FILE] [--json]
                                      run its backtest and print the result
  doctor [--json]                     say what is there and what is missing
  images [DIR...]                     pull the images that are missing
`;

type Values = Record<string, string | boolean | undefined>;

interface Command {
  readonly options: Readonly<Record<string, { readonly type: "string" | "boolean" }>>;
  /** How many folders it takes. */
  readonly folders: readonly [min: number, max: number];
  run(folders: readonly string[], values: Values, context: CliContext): Promise<number>;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  start: {
    options: {},
    folders: [0, 0],
    run: (_folders, _values, context) => startCommand(context),
  },
  permissions: {
    options: {},
    folders: [0, 0],
    run: (_folders, _values, context) => permissionsCommand(context),
  },
  demo: {
    options: { for: { type: "string" } },
    folders: [0, 0],
    run: (_, values, context) => demoCommand(readFor(values.for), context),
  },
  run: {
    options: { config: { type: "string" } },
    folders: [1, 1],
    run: ([folder], values, context) => runCommand({ folder: folder!, ...readConfig(values) }, context),
  },
  backtest: {
    options: { config: { type: "string" }, json: { type: "boolean" } },
    folders: [1, 1],
    run: ([folder], values, context) =>
      backtestCommand({ folder: folder!, json: values.json === true, ...readConfig(values) }, context),
  },
  doctor: {
    options: { json: { type: "boolean" } },
    folders: [0, 0],
    run: (_, values, context) => doctorCommand({ json: values.json === true }, context),
  },
  images: {
    options: {},
    folders: [0, Infinity],
    run: (folders, _, context) => imagesCommand(folders, context),
  },
};

/**
 * Runs one command.
 *
 * @param args The arguments, without the program's name.
 * @param context See {@linkcode CliContext}.
 * @returns Exit code.
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const { terminal, signal } = context;
  const [name = "help", ...rest] = args;
  if (["help", "--help", "-h"].includes(name)) {
    terminal.out(USAGE.trimEnd());
    return EXIT.ok;
  }
  try {
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (!command) throw new UsageError(`There is no command '${name}'.`);
    const { folders, values } = readArguments(name, command, rest);
    return await command.run(folders, values, context);
  } catch (error) {
    terminal.transient("");
    if (signal.aborted && error === signal.reason) return EXIT.interrupted;
    if (error instanceof UsageError) {
      terminal.note(`${error.message}\n\n${USAGE.trimEnd()}`);
      return EXIT.usage;
    }
    // Errors made for people need no stack; anything else is a defect, and its stack is what helps.
    terminal.note(error instanceof BerthError ? error.message : String((error as Error).stack ?? error));
    return EXIT.failed;
  }
}

function readArguments(
  name: string,
  command: Command,
  args: string[],
): { folders: string[]; values: Values } {
  const [min, max] = command.folders;
  let parsed: { values: Values; positionals: string[] };
  try {
    parsed = parseArgs({ args, options: command.options, allowPositionals: true }) as typeof parsed;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { values, positionals: folders } = parsed;
  if (folders.length < min) throw new UsageError(`'${name}' needs a bot folder.`);
  if (folders.length > max) throw new UsageError(`'${name}' does not take '${folders[max]}'.`);
  return { folders, values };
}

function readFor(text: Values[string]): { forMs?: number } {
  if (text === undefined) return {};
  const forMs = parseDuration(String(text));
  if (forMs === undefined) {
    throw new UsageError(`--for takes a length of time such as 20s or 5m, not '${text}'.`);
  }
  return { forMs };
}

function readConfig({ config }: Values): { configFile?: string } {
  return config === undefined ? {} : { configFile: String(config) };
}
