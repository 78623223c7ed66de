/**
 * The commands, their arguments and their help texts. A command's own module is loaded when it is run: a
 * service that holds no other command's modules starts sooner and needs less memory.
 *
 * @module
 */

import { readInstant } from "../../services/documents/instant.ts";
import type { CliContext } from "../context.ts";
import { UsageError } from "../context.ts";
import { parseDuration } from "../output/duration.ts";

/** Values of the options that were given. */
export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** A command. */
export interface Command {
  /** Its options; those of type `string` take a value. */
  readonly options?: Readonly<
    Record<string, { readonly type: "string" | "boolean"; readonly short?: string }>
  >;
  /** What else it takes, and how many of it. @default {nothing} */
  readonly takes?: { readonly what: string; readonly min: number; readonly max: number };
  /** What `--help` prints. */
  readonly help: string;
  /** Does it. @returns The exit code. */
  run(args: readonly string[], values: Values, context: CliContext): Promise<number>;
}

const FOLDER = { what: "a bot folder", min: 1, max: 1 };
const IDS = { what: "the id of a bot or a schedule", min: 1, max: Infinity };

/** How many times a preview shows at most. */
const MAX_COUNT = 1000;

/** The commands by name. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  start: {
    options: { adopt: { type: "boolean" }, "take-over": { type: "boolean" } },
    help: `Usage: berth start [--adopt] [--take-over]

Runs the service until Ctrl-C or SIGTERM. Without configuration everything is on this machine: documents in
SQLite and archives in a folder. With MONGO_URI, MINIO_* and NATS_URL they are there; the README has the table.
The bots go on running when the service stops, unless BOTS_ON_SHUTDOWN=stop, and the next one takes them over.

A second service on the same documents stands by, and takes over when the first has ended. A second one of the same
instance on this machine ends at once, with 2.

  --adopt      take over the containers of this instance that come from another document store: for a store that was
               moved, or restored from a copy. The store remembers it
  --take-over  say that the host of the service that had the bots is gone, and no bot runs there any more`,
    run: async (_args, { adopt, "take-over": takeOver }, context) =>
      (await import("./start_command.ts")).startCommand({
        adopt: adopt === true,
        takeOver: takeOver === true,
      }, context),
  },
  deploy: {
    options: {
      id: { type: "string" },
      config: { type: "string" },
      enable: { type: "boolean" },
      disable: { type: "boolean" },
      json: { type: "boolean" },
    },
    takes: FOLDER,
    help: `Usage: berth deploy DIR [--id ID] [--config FILE] [--enable] [--disable] [--json]

Packs a bot folder, puts it into the object store and writes the bot's document. The service starts the bot, or
replaces the one that runs when code, version or configuration differ. A folder whose bot-config.yaml has a
schedule becomes a schedule: the service runs it at each slot.

  --id ID        its id; without it, the name in bot-config.yaml
  --config FILE  its configuration; without it, config.json of the folder
  --enable       have it run, also when it was disabled; without it, a bot that is disabled stays so
  --disable      only deploy it: it runs when it is enabled
  --json         print one JSON object`,
    run: async ([folder], { id, config, enable, disable, json }, context) =>
      (await import("./deploy_command.ts")).deployCommand({
        folder: folder!,
        ...text("id", id),
        ...text("configFile", config),
        ...readEnabled(enable, disable),
        json: json === true,
      }, context),
  },
  bots: {
    options: { json: { type: "boolean" } },
    help: `Usage: berth bots [--json]

Lists every bot that has a document or a container: whether it is enabled, what the engine shows of it, how many
starts in a row there were, and since when it is so. Then every schedule: its next slot, and what became of the latest.

  --json   print one JSON array`,
    run: async (_args, { json }, context) =>
      (await import("./bots_command.ts")).botsCommand({ json: json === true }, context),
  },
  logs: {
    options: {
      tail: { type: "string" },
      since: { type: "string" },
      follow: { type: "boolean", short: "f" },
      json: { type: "boolean" },
    },
    takes: { what: "the id of a bot or a schedule", min: 1, max: 1 },
    help: `Usage: berth logs ID [--tail N] [--since TIME] [--follow] [--json]

Prints what a bot printed, or the runs of a schedule, oldest first: what is stored, then what its containers still
have. Needs no running service. A line is '[2026-01-31 12:34:56.789] text', in UTC; 'stderr:' stands before a text
of standard error, 'berth:' before one of Berth's own. On a screen control characters are left out.

  --tail N       only the last N lines
  --since TIME   only lines from this time on, for example 2026-01-31T12:00:00Z, '2026-01-31 12:34:56.789' (UTC), or
                 so long ago: 10m, 1h30m, 2d
  --follow       go on with what is printed, also by later containers, until Ctrl-C; -f for short
  --json         print one JSON object a line`,
    run: async ([id], { tail, since, follow, json }, context) =>
      (await import("./logs_command.ts")).logsCommand({
        id: id!,
        ...readTail(tail),
        ...readSince(since),
        follow: follow === true,
        json: json === true,
      }, context),
  },
  enable: {
    takes: IDS,
    help: `Usage: berth enable ID...

Has the service run these bots and schedules.`,
    run: async (ids, _values, context) =>
      (await import("./enable_command.ts")).enableCommand({ ids, enabled: true }, context),
  },
  disable: {
    takes: IDS,
    help: `Usage: berth disable ID...

Has the service stop these bots, and run these schedules no more; documents and code stay. A run that goes comes
to its end.`,
    run: async (ids, _values, context) =>
      (await import("./enable_command.ts")).enableCommand({ ids, enabled: false }, context),
  },
  remove: {
    takes: IDS,
    help: `Usage: berth remove ID...

Deletes the documents of these bots and schedules, and what 'berth deploy' has stored of their code. The service
stops the bots; a run that goes comes to its end.`,
    run: async (ids, _values, context) => (await import("./remove_command.ts")).removeCommand(ids, context),
  },
  demo: {
    options: { for: { type: "string" } },
    help: `Usage: berth demo [--for TIME]

Starts a service of its own on this machine, deploys the bots in examples/ to it, and shows their lines and what
becomes of them. At the end everything is stopped and removed. It touches no other service, and no server.

  --for TIME   end it after so long, for example 20s or 5m; without it, Ctrl-C does`,
    run: async (_args, values, context) =>
      (await import("./demo_command.ts")).demoCommand(readFor(values.for), context),
  },
  run: {
    options: { config: { type: "string" } },
    takes: FOLDER,
    help: `Usage: berth run DIR [--config FILE]

Runs a bot folder in a container, without a service, until it ends or Ctrl-C stops it.

  --config FILE  configuration of the bot; without it, config.json of the folder`,
    run: async ([folder], { config }, context) =>
      (await import("./run_command.ts")).runCommand(
        { folder: folder!, ...text("configFile", config) },
        context,
      ),
  },
  backtest: {
    options: { config: { type: "string" }, json: { type: "boolean" } },
    takes: FOLDER,
    help: `Usage: berth backtest DIR [--config FILE] [--json]

Runs a bot folder's backtest once, prints its result, and ends with the program's exit code.

  --config FILE  configuration of the bot; without it, config.json of the folder
  --json         print one JSON object, and the program's lines on standard error`,
    run: async ([folder], { config, json }, context) =>
      (await import("./backtest_command.ts")).backtestCommand(
        { folder: folder!, json: json === true, ...text("configFile", config) },
        context,
      ),
  },
  doctor: {
    options: { json: { type: "boolean" } },
    help: `Usage: berth doctor [--json]

Checks what the configuration names: engine, images, folders, database, object store, event bus, service. Changes
nothing. Ends with 1 when there is a problem.

  --json   print one JSON array`,
    run: async (_args, { json }, context) =>
      (await import("./doctor_command.ts")).doctorCommand({ json: json === true }, context),
  },
  images: {
    takes: { what: "a bot folder", min: 0, max: Infinity },
    help: `Usage: berth images [DIR...]

Pulls the images that are missing: those of the given bot folders, or of every runtime.`,
    run: async (folders, _values, context) =>
      (await import("./images_command.ts")).imagesCommand(folders, context),
  },
  version: {
    options: { json: { type: "boolean" } },
    help: `Usage: berth version [--json]

Prints the versions of Berth, of Deno and of the engine.

  --json   print one JSON object`,
    run: async (_args, { json }, context) =>
      (await import("./version_command.ts")).versionCommand({ json: json === true }, context),
  },
  permissions: {
    options: { lenient: { type: "boolean" } },
    help: `Usage: berth permissions [--lenient]

Prints the flags for 'deno run' that are exactly what the service needs in this configuration.

  --lenient  where the configuration is wrong, print what 'start' needs to say so`,
    run: async (_args, { lenient }, context) =>
      (await import("./permissions_command.ts")).permissionsCommand({ lenient: lenient === true }, context),
  },
  schedule: {
    options: { timezone: { type: "string" }, count: { type: "string" }, json: { type: "boolean" } },
    takes: { what: "'preview' and a cron expression, in quotes", min: 2, max: 2 },
    help: `Usage: berth schedule preview 'CRON' [--timezone ZONE] [--count N] [--json]

Shows when a cron expression runs next, and what one may not expect of it. Needs no engine. The expression is one
word, in quotes: the standard five fields, six with seconds first, @daily and the like, or '@every 1h30m'.

  --timezone ZONE  time zone whose clocks count, for example America/New_York; without it, UTC
  --count N        how many times to show, from 1 to ${MAX_COUNT}; without it, 5
  --json           print one JSON object`,
    run: async ([action, expression], { timezone, count, json }, context) => {
      if (action !== "preview") throw new UsageError(`'schedule' has 'preview', and no '${action}'.`);
      return (await import("./schedule_preview_command.ts")).schedulePreviewCommand({
        expression: expression!,
        ...text("timezone", timezone),
        ...readCount(count),
        json: json === true,
      }, context);
    },
  },
};

function text<K extends string>(name: K, value: Values[string]): Partial<Record<K, string>> {
  return typeof value === "string" ? { [name]: value } as Record<K, string> : {};
}

function readEnabled(enable: Values[string], disable: Values[string]): { enabled?: boolean } {
  if (enable && disable) throw new UsageError("--enable and --disable exclude each other.");
  return enable || disable ? { enabled: enable === true } : {};
}

function readFor(text: Values[string]): { forMs?: number } {
  if (text === undefined) return {};
  const forMs = parseDuration(String(text));
  if (forMs === undefined) {
    throw new UsageError(`--for takes a length of time such as 20s or 5m, not '${text}'.`);
  }
  return { forMs };
}

function readTail(text: Values[string]): { tail?: number } {
  if (text === undefined) return {};
  if (!/^\d{1,9}$/.test(String(text))) {
    throw new UsageError(`--tail takes a whole number of lines, not '${text}'.`);
  }
  return { tail: Number(text) };
}

function readSince(text: Values[string]): { since?: Date } {
  if (text === undefined) return {};
  const ago = parseDuration(String(text));
  const ms = ago === undefined ? readInstant(String(text)) : Math.max(0, Date.now() - ago);
  if (ms === undefined) {
    throw new UsageError(
      `--since takes a time such as 2026-01-31T12:00:00Z, or a length of time such as 10m or 2d, not '${text}'.`,
    );
  }
  return { since: new Date(ms) };
}

function readCount(text: Values[string]): { count?: number } {
  if (text === undefined) return {};
  const count = Number(text);
  if (!/^\d+$/.test(String(text)) || count < 1 || count > MAX_COUNT) {
    throw new UsageError(`--count takes a whole number from 1 to ${MAX_COUNT}, not '${text}'.`);
  }
  return { count };
}
