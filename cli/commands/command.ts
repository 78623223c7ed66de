/**
 * The form of a command.
 *
 * @module
 */

import type { CliContext } from "../context.ts";

/** The values of the given options. */
export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** A command. */
export interface Command {
  /** Its options; those of type `string` take a value. */
  readonly options?: Readonly<
    Record<string, { readonly type: "string" | "boolean"; readonly short?: string }>
  >;
  /** Its other arguments: a name for error messages, and how many. @default {none} */
  readonly takes?: {
    readonly what: string;
    readonly min: number;
    readonly max: number;
    /** What a shell can complete. @default {nothing} */
    readonly completes?: "ids" | "folders";
  };
  /** Whether it only speaks to the service, and needs no configuration of its own. @default {false} */
  readonly isClient?: boolean;
  /** The text of `--help`. */
  readonly help: string;
  /** Runs the command. @returns The exit code. */
  run(args: readonly string[], values: Values, context: CliContext): Promise<number>;
}
