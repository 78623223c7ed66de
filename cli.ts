/**
 * The command line: parses the arguments, runs the command, and turns errors into messages and exit codes.
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { Command, Values } from "./cli/commands/command.ts";
import { findCommand } from "./cli/commands/commands.ts";
import { type CliContext, EXIT, UsageError } from "./cli/context.ts";
// `berth help` prints the same file without Deno.
import USAGE from "./cli/usage.txt" with { type: "text" };
import { BerthError, InvalidConfigError } from "./lib/errors.ts";
import { InstanceLockedError } from "./lib/runner/instance_lock.ts";

const HELP = { help: { type: "boolean", short: "h" } } as const;
/** The usage text explains it for all commands that ask the service. */
const SERVER = { server: { type: "string" } } as const;

/**
 * Runs one command.
 *
 * @param args The arguments, without the program's name.
 * @param context The command's context.
 * @returns Exit code.
 */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const { terminal, signal } = context;
  const [given = "help", ...rest] = args;
  if (["help", "--help", "-h"].includes(given)) {
    terminal.out(USAGE.trimEnd());
    return EXIT.ok;
  }
  const [name, command] = findCommand(given) ?? [given];
  try {
    if (!command) {
      terminal.note(`berth: There is no command '${given}'. 'berth help' lists all.`);
      return EXIT.usage;
    }
    const { values: { server, ...values }, positionals } = readArguments(name, command, rest);
    const own = typeof server === "string"
      ? { ...context, env: { ...context.env, BERTH_SERVER: server } }
      : context;
    if (values.help !== true) return await command.run(positionals, values, own);
    terminal.out(command.help);
    return EXIT.ok;
  } catch (error) {
    terminal.transient("");
    if (signal.aborted && error === signal.reason) return EXIT.interrupted;
    if (error instanceof UsageError) {
      terminal.note(`berth: ${error.message}\n'berth ${name} --help' says more.`);
      return EXIT.usage;
    }
    if (error instanceof InvalidConfigError) {
      terminal.note(`berth: ${error.message}`);
      return EXIT.usage;
    }
    // Errors for people need no stack. Any other error is a defect, and its stack helps.
    terminal.note(
      error instanceof BerthError ? `berth: ${error.message}` : String((error as Error).stack ?? error),
    );
    if (error instanceof BerthError && error.code === "service/unreachable") return EXIT.unavailable;
    // Like an invalid configuration: a restart does not help.
    return error instanceof InstanceLockedError ? EXIT.usage : EXIT.failed;
  }
}

function readArguments(
  name: string,
  { options: own = {}, takes = { what: "", min: 0, max: 0 }, isClient }: Command,
  args: string[],
): { positionals: string[]; values: Values } {
  const options = { ...own, ...HELP, ...(isClient && SERVER) };
  let parsed: { values: Values; positionals: string[] };
  try {
    parsed = parseArgs({ args, options, allowPositionals: true }) as typeof parsed;
  } catch (error) {
    throw new UsageError(
      unknownOption(args, options) ?? missingValue(error as Error) ?? (error as Error).message,
    );
  }
  const { values, positionals } = parsed;
  if (values.help === true) return parsed;
  if (positionals.length < takes.min) throw new UsageError(`'${name}' needs ${takes.what}.`);
  if (positionals.length > takes.max) {
    const wanted = takes.what === "" ? "" : `; it takes ${takes.what}`;
    throw new UsageError(`'${name}' does not take '${positionals[takes.max]}'${wanted}.`);
  }
  return parsed;
}

/** Replaces Node's message about an unknown option, which is long and about programming. */
function unknownOption(args: string[], options: NonNullable<Command["options"]>): string | undefined {
  const { tokens } = parseArgs({ args, options, allowPositionals: true, strict: false, tokens: true });
  const unknown = tokens.find((token) => token.kind === "option" && !Object.hasOwn(options, token.name));
  return unknown?.kind === "option" ? `Unknown option '${unknown.rawName}'.` : undefined;
}

/** Replaces Node's message about an option whose value is missing, or begins with a hyphen. */
function missingValue({ message }: Error): string | undefined {
  const name = /^Option '(?:-\w, )?(--[\w-]+)[^\n]* argument (?:missing|is ambiguous)/.exec(message)?.[1];
  return name && `Option '${name}' needs a value; one that begins with a hyphen is written '${name}=VALUE'.`;
}
