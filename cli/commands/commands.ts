/**
 * The commands, from the tables of their groups. Running a command loads its module: a service without the modules of
 * other commands starts sooner and needs less memory.
 *
 * @module
 */

import { ACCESS_COMMANDS } from "./access_commands.ts";
import { CHANGE_COMMANDS } from "./change_commands.ts";
import { DAILY_COMMANDS } from "./daily_commands.ts";
import { LOOK_COMMANDS } from "./look_commands.ts";
import { MACHINE_COMMANDS } from "./machine_commands.ts";
import { TRY_COMMANDS } from "./try_commands.ts";
import { WORK_COMMANDS } from "./work_commands.ts";
import type { Command, CommandGroup, ListedCommand } from "./command.ts";

/** The groups of commands, in the order of the usage text. */
export const GROUPS: readonly CommandGroup[] = [
  TRY_COMMANDS,
  DAILY_COMMANDS,
  LOOK_COMMANDS,
  CHANGE_COMMANDS,
  ACCESS_COMMANDS,
  MACHINE_COMMANDS,
  WORK_COMMANDS,
];

/** Second names of commands. */
export const ALIASES: Readonly<Record<string, string>> = { bots: "ps" };

/** The commands of the program by name, without those of the script `berth` alone. */
export const COMMANDS: Readonly<Record<string, Command>> = Object.fromEntries(
  GROUPS.flatMap(({ commands }) => Object.entries(commands)).filter((entry): entry is [string, Command] =>
    isOfProgram(entry[1])
  ),
);

/**
 * Finds a command.
 *
 * @param name Its name, or its second name.
 * @returns The command with its name; `undefined` if there is none.
 */
export function findCommand(name: string | undefined): readonly [name: string, command: Command] | undefined {
  if (name === undefined) return undefined;
  const real = Object.hasOwn(ALIASES, name) ? ALIASES[name]! : name;
  return Object.hasOwn(COMMANDS, real) ? [real, COMMANDS[real]!] : undefined;
}

/**
 * Tells whether a command only speaks to the service.
 *
 * @param name Name of the command.
 */
export function isClientCommand(name: string | undefined): boolean {
  return findCommand(name)?.[1].isClient === true;
}

function isOfProgram(command: Command | ListedCommand): command is Command {
  return "run" in command;
}
