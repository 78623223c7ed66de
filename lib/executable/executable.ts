/**
 * The description of what to run: one bot, backtest or scheduled run.
 *
 * @module
 */

import { z } from "zod";
import { isAccountName, MAX_ACCOUNTS } from "./accounts.ts";
import { type CodeDependencies, codeDependencies } from "./code_dependencies.ts";
import { BOT_ID_RULE, isBotId } from "./bot_id.ts";
import { InvalidExecutableError, type Issue } from "../errors.ts";
import { jsonTextProblem } from "../util/json_check.ts";
import { imageReferenceProblem } from "../engine/image_reference.ts";
import { secretIssues } from "../secrets/secret_issues.ts";
import { NETWORK_NAME, OWN_LIMITS, type OwnLimits } from "./own_limits.ts";
import { type Placement, placementSchema } from "./placement.ts";
import { DEFAULT_RUNTIME, IMAGE_RUNTIME, RUNTIMES } from "./runtimes.ts";
import { type StateSettings, stateSettingsSchema } from "./state_settings.ts";

/** Program of a bot: `bot` runs until it is stopped, `backtest` ends by itself. */
export type EntrypointType = "bot" | "backtest";

/** A validated description of what to run, made by {@linkcode parseExecutable}. */
export interface Executable {
  /** Name of the bot: `^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$`. */
  readonly id: string;
  /** Name of a runtime, for example `python3.11`. */
  readonly runtime: string;
  /** Program to run. */
  readonly entrypoint: EntrypointType;
  /** Path of each program's script, relative to the root of the archive. */
  readonly entrypointFiles: Readonly<Partial<Record<EntrypointType, string>>>;
  /** Configuration as JSON text. The container gets exactly these bytes. */
  readonly config: string;
  /** Key of the code archive in the code bucket. */
  readonly filePath: string;
  /** Version that the author gave the code. */
  readonly version: string;
  /** Whether the program should run until it is stopped. */
  readonly isLongRunning: boolean;
  /** Whether to store `result.json` in the results bucket. */
  readonly persistResults: boolean;
  /** Segment: a partition of the bots that one service serves; 0 if bots are not partitioned. */
  readonly segment: number;
  /** The dependencies that were built for the code at its deployment. @default {nothing} */
  readonly dependencies?: CodeDependencies;
  /** References of the secrets by name, for example `file:binance/key`; absent if there are none. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Whether each secret is also a variable of the container, which the engine shows to its users; absent for no. */
  readonly secretsAsEnv?: true;
  /** Limits of its own; absent if the runner's apply. */
  readonly limits?: OwnLimits;
  /** Network of its own, for example `none`; absent if the runner's applies. */
  readonly network?: string;
  /** Image that the program is in, only with the runtime `image`: a name with a tag or a digest, or an image's id. */
  readonly image?: string;
  /** Program and arguments, only with the runtime `image`. They replace entrypoint and command of the image. */
  readonly command?: readonly string[];
  /** How the files that it writes to `/state` are kept. @default {they are removed with the container} */
  readonly state?: StateSettings;
  /** Accounts at exchanges that it holds while it runs, for example `binance:main`. @default {none} */
  readonly accounts?: readonly string[];
  /** Where on a cluster it runs; one host refuses it. @default {on any node} */
  readonly placement?: Placement;
}

/** Input of {@linkcode parseExecutable}. */
export interface ExecutableInput {
  /** See {@linkcode Executable.id}. */
  readonly id: string;
  /**
   * See {@linkcode Executable.runtime}.
   *
   * @default {"python3.11"}
   */
  readonly runtime?: string;
  /**
   * See {@linkcode Executable.entrypoint}.
   *
   * @default {"bot"}
   */
  readonly entrypoint?: EntrypointType;
  /** See {@linkcode Executable.entrypointFiles}. */
  readonly entrypointFiles: Readonly<Partial<Record<EntrypointType, string>>>;
  /** Configuration as an object, or as JSON text, which the container gets unchanged. @default {{}} */
  readonly config?: Readonly<Record<string, unknown>> | string;
  /** See {@linkcode Executable.filePath}. */
  readonly filePath: string;
  /**
   * See {@linkcode Executable.version}.
   *
   * @default {""}
   */
  readonly version?: string;
  /**
   * See {@linkcode Executable.isLongRunning}.
   *
   * @default {true for `bot`, false for `backtest`}
   */
  readonly isLongRunning?: boolean;
  /**
   * See {@linkcode Executable.persistResults}.
   *
   * @default {false for a program that runs until it is stopped, true for one that ends}
   */
  readonly persistResults?: boolean;
  /**
   * See {@linkcode Executable.segment}.
   *
   * @default {0}
   */
  readonly segment?: number;
  /** See {@linkcode Executable.dependencies}. @default {nothing} */
  readonly dependencies?: CodeDependencies;
  /**
   * See {@linkcode Executable.secrets}.
   *
   * @default {none}
   */
  readonly secrets?: Readonly<Record<string, string>>;
  /**
   * See {@linkcode Executable.secretsAsEnv}.
   *
   * @default {false}
   */
  readonly secretsAsEnv?: boolean;
  /**
   * See {@linkcode Executable.limits}.
   *
   * @default {the runner's}
   */
  readonly limits?: OwnLimits;
  /**
   * See {@linkcode Executable.network}.
   *
   * @default {the runner's}
   */
  readonly network?: string;
  /** See {@linkcode Executable.image}. */
  readonly image?: string;
  /** See {@linkcode Executable.command}. @default {the image's own} */
  readonly command?: readonly string[];
  /** See {@linkcode Executable.state}. */
  readonly state?: StateSettings;
  /** See {@linkcode Executable.accounts}. */
  readonly accounts?: readonly string[];
  /** See {@linkcode Executable.placement}. */
  readonly placement?: Placement;
}

const ENTRYPOINTS = ["bot", "backtest"] as const;
const MAX_KEY_BYTES = 1024;

const schema = z.object({
  id: z.string().refine(isBotId, `must ${BOT_ID_RULE}`),
  runtime: z.string().default(DEFAULT_RUNTIME)
    .refine((name) => RUNTIMES.has(name), `must be one of ${[...RUNTIMES.keys()].join(", ")}`),
  entrypoint: z.enum(ENTRYPOINTS).default("bot"),
  entrypointFiles: z.partialRecord(z.enum(ENTRYPOINTS), z.string().superRefine(checkScriptPath)),
  config: z.union([z.string(), z.record(z.string(), z.unknown())], "must be an object").default({})
    .transform(toJsonText),
  filePath: z.string().min(1, "must name the archive in the code bucket")
    .refine((key) => new TextEncoder().encode(key).length <= MAX_KEY_BYTES, "must have at most 1024 bytes")
    // deno-lint-ignore no-control-regex
    .refine((key) => !/[\x00-\x1f\x7f]/.test(key), "must not contain control characters"),
  version: z.string().default(""),
  isLongRunning: z.boolean().optional(),
  persistResults: z.boolean().optional(),
  segment: z.int().min(0).default(0),
  dependencies: codeDependencies.exactOptional(),
  secrets: z.record(z.string(), z.string()).superRefine((secrets, context) => {
    for (const { path, message } of secretIssues(secrets)) {
      context.addIssue({ code: "custom", path: path === "" ? [] : [path], message });
    }
  }).optional(),
  secretsAsEnv: z.boolean().optional(),
  limits: OWN_LIMITS.optional(),
  network: z.string().regex(NETWORK_NAME, "must be host, bridge, none or the name of a network").optional(),
  image: z.string().superRefine(checkImage).exactOptional(),
  // deno-lint-ignore no-control-regex
  command: z.array(z.string().regex(/^[^\x00]*$/, "must not contain NUL")).min(1, "must name a program")
    .exactOptional(),
  state: stateSettingsSchema.exactOptional(),
  accounts: z.array(z.string().refine(isAccountName, "must be the name of an account, such as binance:main"))
    .min(1, "must name an account").max(MAX_ACCOUNTS, `must have at most ${MAX_ACCOUNTS} names`)
    .exactOptional(),
  placement: placementSchema.exactOptional(),
}).superRefine(checkKind);

/**
 * Checks a description of what to run, and fills in the defaults.
 *
 * @param input The description. Unknown fields are ignored.
 * @returns The validated executable.
 * @throws {InvalidExecutableError} If the description cannot be used; `issues` lists every problem.
 *
 * @example Describe a bot
 * ```ts
 * import { parseExecutable } from "@berth/runner";
 *
 * const executable = parseExecutable({
 *   id: "my-bot",
 *   entrypointFiles: { bot: "main.py" },
 *   filePath: "me/my-bot/1.0.0",
 *   config: { symbol: "BTC-USD" },
 * });
 * console.assert(executable.runtime === "python3.11");
 * console.assert(executable.config === '{"symbol":"BTC-USD"}');
 * ```
 */
export function parseExecutable(input: ExecutableInput): Executable {
  const parsed = schema.safeParse(input);
  if (!parsed.success) throw new InvalidExecutableError(parsed.error.issues.map(toIssue(input)));
  const value = parsed.data;
  // The program of an image need not be in the archive.
  if (value.entrypointFiles[value.entrypoint] === undefined && value.runtime !== IMAGE_RUNTIME) {
    const given = Object.keys(value.entrypointFiles).join(", ") || "none";
    throw new InvalidExecutableError([{
      path: `entrypointFiles.${value.entrypoint}`,
      message: `is missing, so there is no script to run as '${value.entrypoint}' (given: ${given})`,
    }]);
  }
  const isLongRunning = value.isLongRunning ?? value.entrypoint === "bot";
  const { secrets = {}, secretsAsEnv = false, ...rest } = value;
  const hasSecrets = Object.keys(secrets).length > 0;
  return {
    ...rest,
    isLongRunning,
    persistResults: value.persistResults ?? !isLongRunning,
    ...(hasSecrets && { secrets, ...(secretsAsEnv && { secretsAsEnv }) }),
  };
}

/**
 * Returns the script that an executable runs.
 *
 * @param executable A validated executable.
 * @returns The path, relative to the root of the archive; `undefined` if the program is in the image.
 */
export function scriptPath(executable: Executable): string | undefined {
  return executable.entrypointFiles[executable.entrypoint];
}

/**
 * Returns the image that an executable runs in.
 *
 * @param executable A validated executable.
 * @param images Image of each runtime.
 * @returns Its own image, or that of its runtime.
 */
export function imageOf({ image, runtime }: Executable, images: Readonly<Record<string, string>>): string {
  return image ?? images[runtime]!;
}

function checkImage(image: string, context: z.RefinementCtx): void {
  const problem = imageReferenceProblem(image);
  if (problem !== undefined) context.addIssue({ code: "custom", message: problem });
}

/** Settings of an image have no effect with a runtime that has one of its own. */
function checkKind(
  value: { readonly runtime: string; readonly image?: string | undefined; readonly command?: unknown },
  context: z.RefinementCtx,
): void {
  const report = (path: string, message: string) =>
    context.addIssue({ code: "custom", path: [path], message });
  if (value.runtime === IMAGE_RUNTIME) {
    if (value.image === undefined) report("image", "is missing, and the runtime 'image' needs one");
    return;
  }
  for (const name of ["image", "command"] as const) {
    if (value[name] !== undefined) report(name, `is only for the runtime '${IMAGE_RUNTIME}'`);
  }
}

function checkScriptPath(path: string, context: z.RefinementCtx): void {
  const parts = path.split("/");
  // deno-lint-ignore no-control-regex
  const problem = /[\\\x00-\x1f\x7f]/.test(path)
    ? "must not contain backslashes or control characters"
    : parts.some((part) => part === "" || part === "." || part === "..")
    ? "must be a relative path inside the archive, for example main.py or src/main.py"
    : undefined;
  if (problem) context.addIssue({ code: "custom", message: problem });
}

function toJsonText(config: string | Record<string, unknown>, context: z.RefinementCtx): string {
  try {
    const text = typeof config === "string" ? config : JSON.stringify(config);
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return text;
    context.addIssue({ code: "custom", message: "must be a JSON object" });
  } catch (error) {
    // Not the parser's own message, which quotes the configuration.
    const wrong = typeof config === "string" ? jsonTextProblem(config) : (error as Error).name;
    context.addIssue({ code: "custom", message: `must be JSON: ${wrong ?? "it cannot be read"}` });
  }
  return "";
}

function toIssue(input: ExecutableInput): (issue: z.core.$ZodIssue) => Issue {
  return (issue) => {
    const value = issue.path.reduce<unknown>(
      (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
      input,
    );
    // The configuration may contain secrets, and a reference may be one by mistake, so a message never shows them.
    const isHidden = issue.path[0] === "config" || issue.path[0] === "secrets";
    const shown = isHidden || value === undefined ? "" : ` (is ${excerpt(value)})`;
    return { path: issue.path.join(".") || "executable", message: `${issue.message}${shown}` };
  };
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}… (${text.length} characters)` : text;
}
