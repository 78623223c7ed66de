/**
 * The help texts of the commands, and the usage text that is made of them.
 *
 * @module
 */

/** How a command is explained. */
export interface CommandHelp {
  /** Heading of the usage text that it is listed under. */
  readonly group: CommandGroup;
  /** Its arguments in the usage text. @default none */
  readonly takes?: string;
  /** Its line in the usage text: an imperative without a full stop. */
  readonly summary: string;
  /** The text of `--help`; absent for commands of the script `berth` alone. */
  readonly text?: string;
}

/** Headings of the usage text. */
export type CommandGroup = (typeof GROUPS)[number];

const GROUPS = [
  "Try it",
  "Every day",
  "Look",
  "Change",
  "Give access",
  "This machine",
  "Work on Berth",
] as const;

/** The most times that `schedule preview` shows. */
export const MAX_PREVIEW_COUNT = 1000;

/** Every command, in the order of the usage text. */
export const HELP = {
  demo: {
    group: "Try it",
    summary: "run the example bots, then remove everything",
    text: `Usage: berth demo [--for TIME]

Starts a service of its own, deploys the bots in examples/ to it, and prints their output. At the end it stops and
removes everything. It touches no other service and no server.

  --for TIME  end after this time, for example 20s or 5m; without it, Ctrl-C ends the demo`,
  },
  run: {
    group: "Try it",
    takes: "DIR",
    summary: "run a bot folder in the foreground",
    text: `Usage: berth run DIR [--config FILE]

Runs a bot folder in a container until it ends or Ctrl-C stops it. Needs no service.

  --config FILE  configuration of the bot (default: config.json in the folder)`,
  },
  backtest: {
    group: "Try it",
    takes: "DIR",
    summary: "run a bot's backtest and print its result",
    text:
      `Usage: berth backtest [DIR] [--config FILE] [--on-service ID] [--version V] [--no-wait] [--show B] [--cancel B] [--json]

Runs the backtest of a bot folder once, prints its result, and exits with the program's exit code. This needs no
service. With --on-service, the service runs the backtest of a bot that is deployed, and keeps log and result. It runs
MAX_CONCURRENT_BACKTESTS at once; others wait in order.

  --config FILE      configuration of the bot (default: config.json in the folder, or that of the deployed bot)
  --on-service ID    run the backtest of this bot on the service, and print its log until it ends
  --version V        run this stored version (default: the deployed one)
  --no-wait          print the id of the backtest, and do not wait for its end
  --show B           print the log of the backtest with this id until it ends, and its result
  --cancel B         cancel the backtest with this id
  --json             print one JSON object; the program's output goes to standard error`,
  },
  backtests: {
    group: "Look",
    takes: "[ID]",
    summary: "list the backtests of the service",
    text: `Usage: berth backtests [ID] [--state STATE] [--limit N] [--json]

Lists the backtests that the service runs or has run, of a bot or of all, the latest request first.

  --state STATE  only backtests in this state: queued, running, succeeded, failed or cancelled
  --limit N      at most so many backtests (default: 20)
  --json         print one JSON array`,
  },
  init: {
    group: "Try it",
    takes: "DIR",
    summary: "make the folder of a new bot",
    text: `Usage: berth init DIR [--runtime NAME] [--typescript] [--schedule]

Makes a folder with a bot that runs as it is: code, configuration, a README, and a test that needs no Berth. The name of
the folder becomes the id of the bot. Refuses a folder that is not empty.

  --runtime NAME  python3.11, python3.12, python3.13, nodejs20, nodejs22, nodejs24, deno2, bash, binary or image
                  (default: python3.11); a binary, here of Go, and an image have to be built, as the README says
  --typescript    write it in TypeScript; the runtime is nodejs20 unless another one of Node is given
  --schedule      make a bot that runs at the times of a schedule, in Python or Node`,
  },
  start: {
    group: "Every day",
    summary: "run the service until Ctrl-C",
    text: `Usage: berth start [--adopt] [--take-over]

Runs the service until Ctrl-C or SIGTERM. Without configuration it keeps documents in SQLite and archives in a folder.
MONGO_URI, MINIO_* and NATS_URL make it use servers; docs/configuration.md lists all variables.

The bots keep running when the service stops, unless BOTS_ON_SHUTDOWN=stop. The next service takes them over.

Another instance on the same documents stands by and takes over when the first has ended. A second service of the same
instance on this machine exits at once with code 2.

  --adopt      take over this instance's containers from another document store, after the documents were moved or
               restored into a new one
  --take-over  confirm that the host of the previous service is gone and that none of its bots still run`,
  },
  deploy: {
    group: "Every day",
    takes: "DIR",
    summary: "give the service a bot folder, or a new version of it",
    text:
      `Usage: berth deploy DIR [--id ID] [--config FILE] [--enable] [--disable] [--watch T] [--no-wait] [--dry-run]
                        [--vendor] [--json]

Packs a bot folder, uploads the archive unless the service has it, and has it deployed. The service then starts the bot,
or replaces it if code, version or configuration have changed. A folder whose bot-config.yaml has a schedule becomes a
schedule. The service installs the libraries that requirements.txt, uv.lock or package.json name, unless the folder has
vendor/ or node_modules/, and translates TypeScript.

Waits until the bot runs and has stayed up for 3 s. If it does not, says why, shows its last lines, and exits with 1.

  --id ID        id of the bot (default: the name in bot-config.yaml)
  --config FILE  configuration of the bot (default: config.json in the folder)
  --enable       start the bot even if it was disabled; without this, a disabled bot stays disabled
  --disable      deploy without starting
  --watch T      have the service watch the bot for a time such as 10m, and go back to the revision before if the bot
                 ends three times in a row or cannot start; exits with 1 then. It watches on if this command ends
  --no-wait      do not wait until the bot runs
  --dry-run      only check the folder, and say what would change
  --vendor       install nothing: the folder brings its libraries along
  --json         print one JSON object`,
  },
  ps: {
    group: "Every day",
    summary: "list bots and schedules and what they are doing (or: bots)",
    text: `Usage: berth ps [--wide] [--json]

Lists all bots that have a document or a container: since when each is in its state, why, and how many starts in a row
it needed. Then lists all schedules, with the next slot and the outcome of the latest one. On a screen, long cells are
shortened. Standard error says if the service cannot look after its bots, for example without an engine that answers.

  --wide  show all columns in full
  --json  print one JSON object with 'bots', 'schedules' and, if there is one, 'trouble'`,
  },
  describe: {
    group: "Every day",
    takes: "ID...",
    summary: "say why a bot does not run, or when a schedule does",
    text: `Usage: berth describe ID... [--json]

Says all that the service knows of a bot: its state with the reason and since when, warnings about its document, how its
containers ended before, with their last lines, and what to do. For a schedule, says its next times, its runs in
progress and its last run. Exits with 1 if an id is unknown.

  --json  print one JSON array`,
  },
  logs: {
    group: "Every day",
    takes: "ID...",
    summary: "print the logs of bots and schedules",
    text:
      `Usage: berth logs ID... [--follow] [--since TIME] [--until TIME] [--tail N] [--grep RE] [--all] [--json]

Prints the log of a bot, or of the runs of a schedule, oldest line first: the stored lines, then those that are still in
the containers. A line looks like '[2026-01-31 12:34:56.789] message', in UTC; 'stderr:' marks standard error, 'berth:'
a remark of Berth's. Several logs are merged by time, each line with its id in front. On a screen, control characters
are left out. Bots and schedules that were removed keep their logs.

  --follow      keep printing new lines, also of later containers, until Ctrl-C (-f for short); goes on where it was
                after a restart of the service
  --since TIME  print only lines from this time on: 2026-01-31T12:00:00Z, '2026-01-31 12:34:56.789' (UTC), or a time
                ago such as 10m, 1h30m or 2d
  --until TIME  print only lines before this time
  --tail N      print only the last N lines of each log
  --grep RE     print only lines that match this regular expression (RE2's syntax; '(?i)' ignores case)
  --all         instead of ids: search the stored logs of all bots and schedules, the newest day first; needs --grep
  --json        print one JSON object per line: bot, time, stream, text`,
  },
  history: {
    group: "Look",
    takes: "ID",
    summary: "list the revisions of a bot or a schedule",
    text: `Usage: berth history ID [--limit N] [--json]

Lists the revisions of a bot or a schedule, the latest first: when each was written, by whom and why, its version, and
what it changed. Every deployment makes a revision, and so does every other change of the document; enabling and
disabling does not. Says which revision is deployed, which one the running container was started from, and to which
ones nobody can go back any more.

  --limit N  at most so many revisions, up to 100 (default: 20)
  --json     print one JSON array`,
  },
  diff: {
    group: "Look",
    takes: "ID REV [REV]",
    summary: "show how two revisions differ",
    text: `Usage: berth diff ID REV [REV] [--json]

Shows how two revisions of a bot or a schedule differ, or a revision and the latest one: values of the document, files
of the code, and the changed lines of text files. The values of keys whose names look like secrets are not shown.

  --json  print one JSON object`,
  },
  events: {
    group: "Look",
    takes: "[ID]",
    summary: "print what happens: starts, ends, changes, runs",
    text: `Usage: berth events [ID] [--follow] [--tail N] [--json]

Prints the last events of all bots and schedules, or of one: changes of their state, starts, stops and exits of
containers, written documents, and runs. The service keeps the last 1000 events since its start.

  --follow  go on with events as they happen, until Ctrl-C (-f for short); a service that is restarted is waited for
  --tail N  how many of the last events to print first (default: 20)
  --json    print one JSON object per line`,
  },
  top: {
    group: "Look",
    summary: "show what the bots' containers use",
    text: `Usage: berth top [--json]

Shows processor load (100 % is one processor), memory and restarts of all running containers, the busiest first.
RESTARTS counts the starts in a row before the running one. On a screen, the list refreshes every 2 s until Ctrl-C;
otherwise the command measures for a second and prints once. The engine is asked only while it runs.

  --json  print one JSON array, once`,
  },
  rollback: {
    group: "Change",
    takes: "ID [REV]",
    summary: "bring an earlier revision back",
    text: `Usage: berth rollback ID [REV] [--no-wait] [--dry-run] [--json]

Writes the document of an earlier revision again, as a new revision: its code, configuration and settings. Without REV,
goes back to the latest revision before the deployed one that differs from it. A disabled bot stays disabled. Looks
first whether everything that the revision needs is there, and waits until the bot runs, as 'berth deploy' does.

  --no-wait  do not wait until the bot runs
  --dry-run  only check
  --json     print one JSON object`,
  },
  prune: {
    group: "Change",
    takes: "[ID]",
    summary: "remove archives that nothing needs",
    text: `Usage: berth prune [ID] [--dry-run] [--json]

Removes archives and dependencies that no document, none of the last 'keep_revisions' revisions, no container and no
open run or backtest needs, of one bot or schedule or of all. Every deployment does so for its own bot.

  --dry-run  only list what would be removed, with sizes
  --json     print one JSON object`,
  },
  disable: {
    group: "Change",
    takes: "ID...",
    summary: "stop bots and pause schedules",
    text: `Usage: berth disable ID...

Stops these bots and pauses these schedules. Documents and code are kept; a run in progress finishes.`,
  },
  enable: {
    group: "Change",
    takes: "ID...",
    summary: "start bots and resume schedules",
    text: `Usage: berth enable ID...

Starts these bots and resumes these schedules.`,
  },
  restart: {
    group: "Change",
    takes: "ID...",
    summary: "stop bots and start them again",
    text: `Usage: berth restart ID... [--json]

Stops the container of each bot and starts a new one. A bot that waits for its next start is started at once. Does not
wait for the start; 'berth ps' shows it.

  --json  print one JSON array`,
  },
  guard: {
    group: "Look",
    takes: "list",
    summary: "list what holds bots, or tell when a rule would have tripped",
    text: `Usage: berth guard list [--json]
       berth guard replay ID (--guard NAME | --rule RULE) [--since TIME] [--json]

'list' prints the guards that have tripped and hold. 'replay' tells when a guard of the bot, or a rule to be tried,
would have tripped on the log that is stored. It leaves 'on_missing' out.

  --guard NAME  a guard of the bot
  --rule RULE   a rule, such as '{ metric: equity, field: value, when: below, limit: 9000 }'
  --since TIME  only lines from then on: a time, or a duration back from now, such as 24h
  --json        print JSON`,
  },
  release: {
    group: "Change",
    takes: "ID...",
    summary: "let bots run again that a guard has stopped",
    text: `Usage: berth release ID... --guard NAME --reason TEXT [--json]

Releases bots that a tripped guard holds. Nothing else starts them again. The guard begins anew, also its peak, and the
audit keeps who released it and why. 'berth describe ID' shows what tripped, with the last lines of the bot.

  --guard NAME   name of the guard
  --reason TEXT  why the bots may run again
  --json         print one JSON array`,
  },
  remove: {
    group: "Change",
    takes: "ID...",
    summary: "stop bots and schedules, and delete them",
    text: `Usage: berth remove ID... [--purge] [--yes]

Stops these bots and schedules, and deletes their documents. Logs, results, archives and state are kept; a run in
progress finishes. On a terminal, asks first.

  --purge  also remove logs, results, archives and state for good; waits until the bot has stopped
  --yes    do not ask (-y for short)`,
  },
  state: {
    group: "Change",
    takes: "ls ID",
    summary: "show, save and restore the files that bots keep",
    text: `Usage: berth state ls|get|put|snapshot|restore ID[@TIME] [FILE] [--out FILE] [--empty] [--json]

A bot with 'state: true' in its bot-config.yaml keeps its files in /state. 'ls' shows their size and the snapshots.
'get' downloads the files, or a snapshot of them, as a tar.gz file; 'put' puts such a file in their place. 'snapshot'
makes a snapshot now. 'restore' goes back to the snapshot of that time, or to the newest. 'put' and 'restore' stop the
bot, swap the files and start it again; the files before become a snapshot. The beginning of a TIME is enough.

  --out FILE  where 'get' writes (default: ID.tar.gz or ID-TIME.tar.gz); the file must not exist
  --empty     begin with no files
  --json      print JSON`,
  },
  schedules: {
    group: "Look",
    summary: "list schedules, their next slots and latest runs",
    text: `Usage: berth schedules [--json]

Asks the service for its schedules, and lists each with its times, its next slot, and how its latest run ended.

  --json  print one JSON array`,
  },
  "run-now": {
    group: "Change",
    takes: "ID",
    summary: "run a schedule now",
    text: `Usage: berth run-now ID [--follow] [--json]

Runs a schedule now, even a disabled one. Fails if another run is in progress and the schedule's concurrency_policy is
Forbid.

  --follow  print the log until the run ends (-f for short); exit with 1 if it did not succeed
  --json    print the run as JSON, and its log as one JSON object per line`,
  },
  runs: {
    group: "Look",
    takes: "[ID]",
    summary: "list the runs of a schedule, or of all",
    text:
      `Usage: berth runs [ID] [--state STATE] [--trigger TRIGGER] [--since TIME] [--until TIME] [--limit N] [--json]

Lists runs of a schedule, or of all schedules, the latest slot first: what caused each, how often it was tried, how long
it took, and how it ended.

  --state STATE      only runs in this state: claimed, running, succeeded, failed, timed-out or skipped
  --trigger TRIGGER  only runs with this cause of the latest attempt: schedule, catch-up, manual or retry
  --since TIME       only slots from this time on: 2026-01-31T12:00:00Z, or a time ago such as 10m, 1h30m or 2d
  --until TIME       only slots before this time
  --limit N          at most so many runs (default: 20)
  --json             print one JSON array`,
  },
  "run-log": {
    group: "Look",
    takes: "RUN",
    summary: "print the log of one run",
    text: `Usage: berth run-log RUN [--follow] [--tail N] [--json]

Prints the lines of one run, of all its attempts. RUN is an id that 'berth runs' shows; the id of a schedule stands for
its latest run.

  --follow  keep printing new lines until the run ends (-f for short); exit with 1 if it did not succeed
  --tail N  print only the last N lines
  --json    print one JSON object per line`,
  },
  schedule: {
    group: "Look",
    takes: "preview CRON",
    summary: "show when a cron expression runs",
    text: `Usage: berth schedule preview 'CRON' [--timezone ZONE] [--calendar NAME] [--count N] [--json]

Shows the next run times of a cron expression, and points out surprises such as clock changes. Works without Docker.
Put the expression in quotes. It has five fields, or six with seconds first, or is @daily and the like, or
'@every 1h30m', or follows an exchange: '@open XNYS+15m', '@close XNYS-5m'.

  --timezone ZONE  time zone of the expression, for example America/New_York (default: UTC)
  --calendar NAME  trading calendar, for example XNYS; days on which it is closed are left out
  --count N        number of times to show, from 1 to ${MAX_PREVIEW_COUNT} (default: 5)
  --json           print one JSON object`,
  },
  notify: {
    group: "Give access",
    takes: "list",
    summary: "list the channels of notifications, or send them a test message",
    text: `Usage: berth notify list [--limit N] [--json]
       berth notify test NAME [--json]

'list' prints the channels of channels.yaml with what keeps them from working, mistakes in the file, the open
incidents, and the last deliveries. 'test' sends a message to one channel now, and says what the receiver answers.

  --limit N  number of deliveries (default: 20)
  --json     print JSON`,
  },
  token: {
    group: "Give access",
    takes: "create NAME",
    summary: "make, list or revoke tokens for programs and other machines",
    text: `Usage: berth token create|list|revoke [NAME] [--role read|operate] [--expires TIME] [--json]

'create' makes a token and prints it once; nobody can see it again. 'list' lists the tokens, 'revoke' ends one at once.
A program sends it as 'Authorization: Bearer TOKEN'; the commands read it from BERTH_TOKEN, and the address of a service
on another machine from BERTH_SERVER.

  --role ROLE     what the token may do: read, or operate, which may also change everything
  --expires TIME  when the token ends, from now, such as 12h or 90d (default: never)
  --json          print JSON`,
  },
  secret: {
    group: "Give access",
    takes: "set NAME",
    summary: "set, list or remove the secrets of bots",
    text: `Usage: berth secret set|list|rm [NAME] [--json]

'set' asks for the value without showing it, or reads it from standard input, and stores it in the service's encrypted
file; a bot with the reference age:NAME gets it. A new value replaces the bots that use it. 'list' lists the names, and
nobody can read the values. 'rm' removes one.

  --json  print JSON`,
  },
  dashboard: {
    group: "Give access",
    summary: "print a link that logs a browser in",
    text: `Usage: berth dashboard [--json]

Prints a link to the dashboard that logs a browser in: once, within two minutes, for twelve hours.

  --json  print one JSON object`,
  },
  doctor: {
    group: "This machine",
    summary: "check engine, images, folders and servers",
    text: `Usage: berth doctor [--json]

Checks everything that the configuration names: engine, images, folders, database, object store, event bus and service.
Says what is wrong and what to do. Changes nothing. Exits with 1 if there is a problem.

  --json  print one JSON array`,
  },
  setup: {
    group: "This machine",
    summary: "install what is missing: Deno, an engine, images, memory for secrets",
  },
  images: {
    group: "This machine",
    takes: "[DIR...]",
    summary: "pull missing images",
    text: `Usage: berth images [DIR...] [--all]

Pulls the images that are missing on the engine: those of the given bot folders, or those of python3.11 and nodejs20.
Credentials of registries come from the Docker configuration of your user (DOCKER_CONFIG, by default ~/.docker).

  --all  pull the images of every runtime`,
  },
  version: {
    group: "This machine",
    summary: "print the versions of Berth, Deno and the engine",
    text: `Usage: berth version [--json]

Prints the versions of Berth, Deno and the engine.

  --json  print one JSON object`,
  },
  completions: {
    group: "This machine",
    takes: "SHELL",
    summary: "print a script that completes commands and ids",
    text: `Usage: berth completions SHELL

Prints a script for bash, zsh or fish that completes commands, options, and the ids of bots and schedules. For bash:

  source <(berth completions bash)`,
  },
  permissions: {
    group: "This machine",
    summary: "print the permissions that the service runs with",
    text: `Usage: berth permissions [--lenient]

Prints the flags of 'deno run' that the service needs with the current configuration, and no others.

  --lenient  if the configuration is invalid, print the flags that 'start' needs to report that`,
  },
  test: {
    group: "Work on Berth",
    takes: "[FILE...]",
    summary: "run the tests against real servers; --fast for a sample",
  },
  ok: {
    group: "Work on Berth",
    summary: "run the gate for a commit: format, lint, types, unit tests",
  },
  bench: {
    group: "Work on Berth",
    summary: "measure Berth against the raw engine",
  },
} as const satisfies Record<string, CommandHelp>;

/** Column in which the summaries begin. */
const SUMMARY_COLUMN = 22;

/**
 * Makes the usage text. `cli/usage.txt` holds the same, because the script prints it without Deno.
 *
 * @returns The text, with a line end.
 */
export function usageText(): string {
  const commands: readonly (readonly [string, CommandHelp])[] = Object.entries(HELP);
  const sections = GROUPS.map((group) => {
    const lines = commands.filter(([, help]) => help.group === group).map(([name, { takes, summary }]) => {
      const head = `  ${name}${takes ? ` ${takes}` : ""}`;
      return head.length < SUMMARY_COLUMN
        ? head.padEnd(SUMMARY_COLUMN) + summary
        : `${head}\n${" ".repeat(SUMMARY_COLUMN)}${summary}`;
    });
    return `\n${group}\n${lines.join("\n")}\n`;
  });
  return "Berth keeps trading bots running in Docker containers.\n\n" +
    "Usage: berth COMMAND [ARGUMENTS]\n" +
    "       berth COMMAND --help\n" +
    sections.join("") + FOOTER;
}

/** What holds for all commands. */
const FOOTER = `
Commands that ask the service find the one of this machine by themselves. --server URL, or BERTH_SERVER, names another
one, and BERTH_TOKEN is the token for it ('berth token create' makes one).

Exit codes: 0 done, 1 failed, 2 wrong command line or configuration, 69 something needed is not there (a service that
answers, a registry), 130 ended by Ctrl-C. 'run' and 'backtest' pass on the program's own code.
`;
