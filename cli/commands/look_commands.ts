/**
 * Commands that show what there is and change nothing.
 *
 * @module
 */

import { UsageError } from "../context.ts";
import { type CommandGroup, ID } from "./command.ts";
import {
  MAX_PREVIEW_COUNT,
  readCount,
  readNumber,
  readRevisionNumber,
  readTail,
  readTime,
  text,
} from "./option_values.ts";

/** Events that are shown before those that happen, unless the user says how many. */
const LAST_EVENTS = 20;

/** Commands that show what there is and change nothing. */
export const LOOK_COMMANDS: CommandGroup = {
  title: "Look",
  commands: {
    backtests: {
      usage: "[ID]",
      summary: "list the backtests of the service",
      help: `Usage: berth backtests [ID] [--state STATE] [--limit N] [--json]

Lists the backtests that the service runs or has run, of a bot or of all, the latest request first.

  --state STATE  only backtests in this state: queued, running, succeeded, failed or cancelled
  --limit N      at most this many backtests (default: 20)
  --json         print one JSON array`,
      options: { state: { type: "string" }, limit: { type: "string" }, json: { type: "boolean" } },
      takes: { ...ID, what: "the id of a bot", min: 0 },
      isClient: true,
      run: async ([id], { state, limit, json }, context) =>
        (await import("./backtests_command.ts")).backtestsCommand({
          ...text("id", id),
          ...text("state", state),
          limit: readNumber("limit", limit) ?? 20,
          json: json === true,
        }, context),
    },
    history: {
      usage: "ID",
      summary: "list the revisions of a bot or a schedule",
      help: `Usage: berth history ID [--limit N] [--json]

Lists the revisions of a bot or a schedule, the latest first: when each was written, by whom and why, its version, and
what it changed. Every deployment makes a revision, and so does every other change of the document; enabling and
disabling does not. Says which revision is deployed, which one the running container was started from, and which ones
can no longer be restored.

  --limit N  at most this many revisions, up to 100 (default: 20)
  --json     print one JSON array`,
      options: { limit: { type: "string" }, json: { type: "boolean" } },
      takes: ID,
      isClient: true,
      run: async ([id], { limit, json }, context) =>
        (await import("./history_command.ts")).historyCommand(
          { id: id!, limit: readNumber("limit", limit) ?? 20, json: json === true },
          context,
        ),
    },
    diff: {
      usage: "ID REV [REV]",
      summary: "show how two revisions differ",
      help: `Usage: berth diff ID REV [REV] [--json]

Shows how two revisions of a bot or a schedule differ, or a revision and the latest one: values of the document, files
of the code, and the changed lines of text files. The values of keys whose names look like secrets are not shown.

  --json  print one JSON object`,
      options: { json: { type: "boolean" } },
      takes: { ...ID, what: "an id and one or two numbers of revisions", min: 2, max: 3 },
      isClient: true,
      run: async ([id, from, to], { json }, context) =>
        (await import("./diff_command.ts")).diffCommand({
          id: id!,
          from: readRevisionNumber(from!),
          ...(to !== undefined && { to: readRevisionNumber(to) }),
          json: json === true,
        }, context),
    },
    events: {
      usage: "[ID]",
      summary: "print what happens: starts, ends, changes, runs",
      help: `Usage: berth events [ID] [--follow] [--tail N] [--json]

Prints the last events of all bots and schedules, or of one: changes of their state, starts, stops and exits of
containers, written documents, and runs. The service keeps the last 1000 events since its start.

  --follow  continue with events as they happen, until Ctrl-C (-f for short); waits for a service that is restarted
  --tail N  how many of the last events to print first (default: 20)
  --json    print one JSON object per line`,
      options: {
        follow: { type: "boolean", short: "f" },
        tail: { type: "string" },
        json: { type: "boolean" },
      },
      takes: { ...ID, min: 0 },
      isClient: true,
      run: async ([id], { follow, tail, json }, context) =>
        (await import("./events_command.ts")).eventsCommand({
          ...text("id", id),
          tail: Math.min(readTail(tail).tail ?? LAST_EVENTS, 1000),
          follow: follow === true,
          json: json === true,
        }, context),
    },
    top: {
      summary: "show what the bots' containers use",
      help: `Usage: berth top [--json]

Shows processor load (100 % is one processor), memory and restarts of all running containers, the busiest first.
RESTARTS counts the starts in a row before the running one. On a screen, the list refreshes every 2 s until Ctrl-C;
otherwise the command measures for a second and prints once. The engine is asked only while it runs.

  --json  print one JSON array, once`,
      options: { json: { type: "boolean" } },
      isClient: true,
      run: async (_args, { json }, context) =>
        (await import("./top_command.ts")).topCommand({ json: json === true }, context),
    },
    guard: {
      usage: "list",
      summary: "list what holds bots, or tell when a rule would have tripped",
      help: `Usage: berth guard list [--json]
       berth guard replay ID (--guard NAME | --rule RULE) [--since TIME] [--json]

'list' prints the guards that have tripped and hold. 'replay' tells when a guard of the bot, or a rule on trial, would
have tripped on the stored log. It ignores 'on_missing'.

  --guard NAME  a guard of the bot
  --rule RULE   a rule, such as '{ metric: equity, field: value, when: below, limit: 9000 }'
  --since TIME  only lines from then on: a time, or a duration back from now, such as 24h
  --json        print JSON`,
      options: {
        guard: { type: "string" },
        rule: { type: "string" },
        since: { type: "string" },
        json: { type: "boolean" },
      },
      takes: { what: "list, or replay and the id of a bot", min: 1, max: 2 },
      isClient: true,
      run: async ([action, id], { guard, rule, since, json }, context) =>
        (await import("./guard_command.ts")).guardCommand({
          action: action!,
          ...text("id", id),
          ...text("guard", guard),
          ...text("rule", rule),
          ...readTime("since", since),
          json: json === true,
        }, context),
    },
    schedules: {
      summary: "list schedules, their next slots and latest runs",
      help: `Usage: berth schedules [--json]

Asks the service for its schedules, and lists each with its times, its next slot, and how its latest run ended.

  --json  print one JSON array`,
      options: { json: { type: "boolean" } },
      isClient: true,
      run: async (_args, { json }, context) =>
        (await import("./schedules_command.ts")).schedulesCommand({ json: json === true }, context),
    },
    runs: {
      usage: "[ID]",
      summary: "list the runs of a schedule, or of all",
      help:
        `Usage: berth runs [ID] [--state STATE] [--trigger TRIGGER] [--since TIME] [--until TIME] [--limit N] [--json]

Lists runs of a schedule, or of all schedules, the latest slot first: what caused each, how often it was tried, how long
it took, and how it ended.

  --state STATE      only runs in this state: claimed, running, succeeded, failed, timed-out or skipped
  --trigger TRIGGER  only runs with this cause of the latest attempt: schedule, catch-up, manual or retry
  --since TIME       only slots from this time on: 2026-01-31T12:00:00Z, or a time ago such as 10m, 1h30m or 2d
  --until TIME       only slots before this time
  --limit N          at most this many runs (default: 20)
  --json             print one JSON array`,
      options: {
        state: { type: "string" },
        trigger: { type: "string" },
        since: { type: "string" },
        until: { type: "string" },
        limit: { type: "string" },
        json: { type: "boolean" },
      },
      takes: { ...ID, what: "the id of a schedule", min: 0 },
      isClient: true,
      run: async ([id], { state, trigger, since, until, limit, json }, context) =>
        (await import("./runs_command.ts")).runsCommand({
          ...text("id", id),
          ...text("state", state),
          ...text("trigger", trigger),
          ...readTime("since", since),
          ...readTime("until", until),
          limit: readNumber("limit", limit) ?? 20,
          json: json === true,
        }, context),
    },
    "run-log": {
      usage: "RUN",
      summary: "print the log of one run",
      help: `Usage: berth run-log RUN [--follow] [--tail N] [--json]

Prints the log of one run, with all its attempts. RUN is an id that 'berth runs' shows; the id of a schedule stands for
its latest run.

  --follow  keep printing new lines until the run ends (-f for short); exit with 1 if it did not succeed
  --tail N  print only the last N lines
  --json    print one JSON object per line`,
      options: {
        follow: { type: "boolean", short: "f" },
        tail: { type: "string" },
        json: { type: "boolean" },
      },
      takes: { what: "the id of a run", min: 1, max: 1 },
      isClient: true,
      run: async ([run], { follow, tail, json }, context) =>
        (await import("./run_log_command.ts")).runLogCommand({
          run: run!,
          ...readTail(tail),
          follow: follow === true,
          json: json === true,
        }, context),
    },
    schedule: {
      usage: "preview CRON",
      summary: "show when a cron expression runs",
      help: `Usage: berth schedule preview 'CRON' [--timezone ZONE] [--calendar NAME] [--count N] [--json]

Shows the next run times of a cron expression, and points out surprises such as clock changes. Works without Docker.
Put the expression in quotes. It has five fields, or six with seconds first, or is @daily and the like, or
'@every 1h30m', or follows an exchange: '@open XNYS+15m', '@close XNYS-5m'.

  --timezone ZONE  time zone of the expression, for example America/New_York (default: UTC)
  --calendar NAME  trading calendar, for example XNYS; days on which it is closed are left out
  --count N        number of times to show, from 1 to ${MAX_PREVIEW_COUNT} (default: 5)
  --json           print one JSON object`,
      options: {
        timezone: { type: "string" },
        calendar: { type: "string" },
        count: { type: "string" },
        json: { type: "boolean" },
      },
      takes: { what: "'preview' and a cron expression, in quotes", min: 2, max: 2 },
      run: async ([action, expression], { timezone, calendar, count, json }, context) => {
        if (action !== "preview") {
          throw new UsageError(`'schedule' has no '${action}'; use 'schedule preview'.`);
        }
        return (await import("./schedule_preview_command.ts")).schedulePreviewCommand({
          expression: expression!,
          ...text("timezone", timezone),
          ...text("calendar", calendar),
          ...readCount(count),
          json: json === true,
        }, context);
      },
    },
  },
};
