/**
 * Commands of every day.
 *
 * @module
 */

import { type CommandGroup, FOLDER, IDS } from "./command.ts";
import { readEnabled, readTail, readTime, readWatch, requireLogs, text } from "./option_values.ts";

/** Commands of every day. */
export const DAILY_COMMANDS: CommandGroup = {
  title: "Every day",
  commands: {
    start: {
      summary: "run the service until Ctrl-C",
      help: `Usage: berth start [--adopt] [--take-over]

Runs the service until Ctrl-C or SIGTERM. Without configuration it keeps documents in SQLite and archives in a folder.
MONGO_URI, MINIO_* and NATS_URL make it use servers; docs/configuration.md lists all variables.

The bots keep running when the service stops, unless BOTS_ON_SHUTDOWN=stop. The next service takes them over.

Another instance on the same documents stands by and takes over when the first has ended. A second service of the same
instance on this machine exits at once with code 2.

  --adopt      take over this instance's containers from another document store, after the documents were moved or
               restored into a new one
  --take-over  confirm that the host of the previous service is gone and that none of its bots still run`,
      options: { adopt: { type: "boolean" }, "take-over": { type: "boolean" } },
      run: async (_args, { adopt, "take-over": takeOver }, context) =>
        (await import("./start_command.ts")).startCommand({
          adopt: adopt === true,
          takeOver: takeOver === true,
        }, context),
    },
    deploy: {
      usage: "DIR",
      summary: "give the service a bot folder, or a new version of it",
      help:
        `Usage: berth deploy DIR [--id ID] [--config FILE] [--enable] [--disable] [--watch T] [--no-wait] [--dry-run]
                        [--vendor] [--json]

Packs a bot folder, uploads the archive unless the service has it, and asks the service to deploy it. The service then
starts the bot, or replaces it if code, version or configuration have changed. A folder whose bot-config.yaml has a
schedule becomes a schedule. The service installs the libraries that requirements.txt, uv.lock or package.json name,
unless the folder has vendor/ or node_modules/, and translates TypeScript.

Waits until the bot runs and has stayed up for 3 s. If it does not, says why, shows its last lines, and exits with 1.

  --id ID        id of the bot (default: the name in bot-config.yaml)
  --config FILE  configuration of the bot (default: config.json in the folder)
  --enable       start the bot even if it was disabled; without this, a disabled bot stays disabled
  --disable      deploy without starting
  --watch T      have the service watch the bot for a time such as 10m, and return to the previous revision if the bot
                 ends three times in a row or cannot start; exits with 1 then. It goes on watching if this command ends
  --no-wait      do not wait until the bot runs
  --dry-run      only check the folder, and say what would change
  --vendor       install nothing: the folder brings its libraries along
  --json         print one JSON object`,
      options: {
        id: { type: "string" },
        config: { type: "string" },
        enable: { type: "boolean" },
        disable: { type: "boolean" },
        watch: { type: "string" },
        "no-wait": { type: "boolean" },
        "dry-run": { type: "boolean" },
        vendor: { type: "boolean" },
        json: { type: "boolean" },
      },
      takes: FOLDER,
      isClient: true,
      run: async (
        [folder],
        { id, config, enable, disable, watch, json, vendor, "no-wait": noWait, "dry-run": dryRun },
        context,
      ) =>
        (await import("./deploy_command.ts")).deployCommand({
          folder: folder!,
          ...text("id", id),
          ...text("configFile", config),
          ...readEnabled(enable, disable),
          ...readWatch(watch),
          wait: noWait !== true,
          dryRun: dryRun === true,
          vendor: vendor === true,
          json: json === true,
        }, context),
    },
    ps: {
      summary: "list bots and schedules and what they are doing (or: bots)",
      help: `Usage: berth ps [--wide] [--json]

Lists all bots that have a document or a container: since when each is in its state, why, and how many starts in a row
it needed. Then lists all schedules, with the next slot and the outcome of the latest one. On a screen, long cells are
shortened. Standard error says if the service cannot look after its bots, for example without an engine that answers.

  --wide  show all columns in full
  --json  print one JSON object with 'bots', 'schedules' and, if there is one, 'trouble'`,
      options: { wide: { type: "boolean" }, json: { type: "boolean" } },
      isClient: true,
      run: async (_args, { wide, json }, context) =>
        (await import("./ps_command.ts")).psCommand({ wide: wide === true, json: json === true }, context),
    },
    describe: {
      usage: "ID...",
      summary: "say why a bot does not run, or when a schedule does",
      help: `Usage: berth describe ID... [--json]

Says all that the service knows about a bot: its state with the reason and since when, warnings about its document, how
its containers ended before, with their last lines, and what to do. For a schedule, says its next times, its runs in
progress and its last run. Exits with 1 if an id is unknown.

  --json  print one JSON array`,
      options: { json: { type: "boolean" } },
      takes: IDS,
      isClient: true,
      run: async (ids, { json }, context) =>
        (await import("./describe_command.ts")).describeCommand({ ids, json: json === true }, context),
    },
    logs: {
      usage: "ID...",
      summary: "print the logs of bots and schedules",
      help:
        `Usage: berth logs ID... [--follow] [--since TIME] [--until TIME] [--tail N] [--grep RE] [--all] [--json]

Prints the log of a bot, or of the runs of a schedule, oldest line first: the stored lines, then those that are still in
the containers. A line looks like '[2026-01-31 12:34:56.789] message', in UTC; 'stderr:' marks standard error, 'berth:'
a remark by Berth. Several logs are merged by time, each line with its id in front. On a screen, control characters
are left out. Bots and schedules that were removed keep their logs.

  --follow      keep printing new lines, also of later containers, until Ctrl-C (-f for short); continues where it was
                after a restart of the service
  --since TIME  print only lines from this time on: 2026-01-31T12:00:00Z, '2026-01-31 12:34:56.789' (UTC), or a time
                ago such as 10m, 1h30m or 2d
  --until TIME  print only lines before this time
  --tail N      print only the last N lines of each log
  --grep RE     print only lines that match this regular expression (RE2's syntax; '(?i)' ignores case)
  --all         instead of ids: search the stored logs of all bots and schedules, the newest day first; needs --grep
  --json        print one JSON object per line: bot, time, stream, text`,
      options: {
        follow: { type: "boolean", short: "f" },
        since: { type: "string" },
        until: { type: "string" },
        tail: { type: "string" },
        grep: { type: "string" },
        all: { type: "boolean" },
        json: { type: "boolean" },
      },
      takes: { ...IDS, min: 0 },
      isClient: true,
      run: async (ids, { follow, since, until, tail, grep, all, json }, context) => {
        requireLogs(ids, { follow, until, tail, grep, all });
        return await (await import("./logs_command.ts")).logsCommand({
          ids,
          follow: follow === true,
          ...readTime("since", since),
          ...readTime("until", until),
          ...readTail(tail),
          ...text("grep", grep),
          json: json === true,
        }, context);
      },
    },
  },
};
