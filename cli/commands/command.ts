/**
 * The form of a command.
 *
 * @module
 */

import type { CliContext } from "../context.ts";

/** The values of the given options. */
export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** A command as the usage text lists it. Those of the script `berth` alone have no more than this. */
export interface ListedCommand {
  /** Its arguments in the usage text. @default {none} */
  readonly usage?: string;
  /** Its line in the usage text: an imperative without a full stop. */
  readonly summary: string;
}

/** A command of the program. */
export interface Command extends ListedCommand {
  /** Its options; those of type `string` take a value. */
  readonly options?: Readonly<
    Record<string, { readonly type: "string" | "boolean"; readonly short?: string }>
  >;
  /** Its other arguments: a name for error messages, and how many. @default {none} */
  readonly takes?: {
    readonly what: string;
    readonly min: number;
    readonly max: number;
    /** The values that a shell can complete. @default {nothing} */
    readonly completes?: "ids" | "folders";
  };
  /** Whether it only speaks to the service, and needs no configuration of its own. @default {false} */
  readonly isClient?: boolean;
  /** The text of `--help`. */
  readonly help: string;
  /** Runs the command. @returns The exit code. */
  run(args: readonly string[], values: Values, context: CliContext): Promise<number>;
}

/** Commands under one heading of the usage text, in its order. */
export interface CommandGroup {
  /** The heading. */
  readonly title: string;
  /** The commands by name. */
  readonly commands: Readonly<Record<string, Command | ListedCommand>>;
}

/** The argument of a command that takes a bot folder. */
export const FOLDER = { what: "a bot folder", min: 1, max: 1, completes: "folders" } as const;
/** The argument of a command that takes one id. */
export const ID = { what: "the id of a bot or a schedule", min: 1, max: 1, completes: "ids" } as const;
/** The arguments of a command that takes one id or more. */
export const IDS = { ...ID, max: Infinity } as const;
