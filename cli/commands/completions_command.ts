/**
 * `berth completions`: prints a script for a shell, and answers that script.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { RootCommand } from "@bomb.sh/tab";
import { ApiClient, serverOf } from "../client/api_client.ts";
import { type CliContext, EXIT, UsageError } from "../context.ts";
import type { Command } from "./command.ts";
import { COMMANDS, findCommand } from "./commands.ts";
import { completionScript, SHELLS } from "../output/completion_scripts.ts";

/** How long a shell waits for ids, in ms. */
const IDS_TIMEOUT_MS = 500;
/** The most ids that a shell shows. */
const MAX_IDS = 1000;

/**
 * Prints the script of a shell. The script calls `berth completions complete -- WORDS` for each completion.
 *
 * @param args Name of the shell, or `complete` with the words of the command line.
 * @param context The command's context.
 * @throws {UsageError} If there is no script for the shell.
 */
export async function completionsCommand(args: readonly string[], context: CliContext): Promise<number> {
  const { terminal } = context;
  const [shell = "", ...words] = args;
  if (shell === "complete") {
    const [, command] = findCommand(words[0]) ?? [];
    const ids = command?.takes?.completes === "ids" && words.length > 1 ? await idsOf(context) : [];
    commandTree(ids).parse(words);
    return EXIT.ok;
  }
  if (!SHELLS.includes(shell) || words.length > 0) {
    throw new UsageError(`'completions' takes one of ${SHELLS.join(", ")}.`);
  }
  const own = fileURLToPath(new URL("../../berth", import.meta.url));
  const program = existsSync(own) ? `'${own.replaceAll("'", "'\\''")}'` : "berth";
  terminal.out(completionScript(shell, program));
  return EXIT.ok;
}

/** A shell must not wait, and a service that does not answer is no reason for an error on the command line. */
async function idsOf({ env, signal }: CliContext): Promise<string[]> {
  using client = new ApiClient(serverOf(env));
  const options = { signal: AbortSignal.any([signal, AbortSignal.timeout(IDS_TIMEOUT_MS)]) };
  const query = { limit: MAX_IDS };
  const lists = await Promise.allSettled([
    client.call("listBots", { query }, options).then(({ bots }) => bots),
    client.call("listSchedules", { query }, options).then(({ schedules }) => schedules),
  ]);
  return lists.flatMap((list) => list.status === "fulfilled" ? list.value.map(({ id }) => id) : []).sort();
}

/** The table of commands, in the library's form. */
function commandTree(ids: readonly string[]): RootCommand {
  const root = new RootCommand();
  for (const [name, command] of Object.entries(COMMANDS)) {
    const added = root.command(name, command.summary);
    for (const [option, description] of optionsOf(command)) added.option(option, description);
    if (command.takes?.completes === "ids") {
      added.argument("id", (complete) => ids.forEach((id) => complete(id, "")), command.takes.max > 1);
    }
    if (name === "completions") {
      added.argument("shell", (complete) => SHELLS.forEach((shell) => complete(shell, "")));
    }
  }
  return root;
}

/** The options of a command, each with its line of the help. */
function optionsOf({ options = {}, help }: Command): [name: string, description: string][] {
  return Object.keys(options).map((name) => {
    const line = new RegExp(`^  --${name}\\b(?: [A-Z]+)? +(.*)$`, "m").exec(help)?.[1] ?? "";
    return [name, line];
  });
}
