/**
 * Commands that change what runs.
 *
 * @module
 */

import { type CommandGroup, ID, IDS } from "./command.ts";
import { readRevisionNumber, readTimeout, text } from "./option_values.ts";

/** How long `nodes drain` waits for one bot, in ms: the node may have to pull its image. */
const MOVE_MS = 5 * 60_000;

/** Commands that change what runs. */
export const CHANGE_COMMANDS: CommandGroup = {
  title: "Change",
  commands: {
    rollback: {
      usage: "ID [REV]",
      summary: "bring an earlier revision back",
      help: `Usage: berth rollback ID [REV] [--no-wait] [--dry-run] [--json]

Writes the document of an earlier revision again, as a new revision: its code, configuration and settings. Without REV,
goes back to the latest revision before the deployed one that differs from it. A disabled bot stays disabled. First
checks that everything the revision needs is there; at the end waits until the bot runs, as 'berth deploy' does.

  --no-wait  do not wait until the bot runs
  --dry-run  only check
  --json     print one JSON object`,
      options: { "no-wait": { type: "boolean" }, "dry-run": { type: "boolean" }, json: { type: "boolean" } },
      takes: { ...ID, what: "an id, and perhaps the number of a revision", max: 2 },
      isClient: true,
      run: async ([id, to], { json, "no-wait": noWait, "dry-run": dryRun }, context) =>
        (await import("./rollback_command.ts")).rollbackCommand({
          id: id!,
          ...(to !== undefined && { to: readRevisionNumber(to) }),
          wait: noWait !== true,
          dryRun: dryRun === true,
          json: json === true,
        }, context),
    },
    prune: {
      usage: "[ID]",
      summary: "remove archives that nothing needs",
      help: `Usage: berth prune [ID] [--dry-run] [--json]

Removes archives and dependencies that nothing needs any more, of one bot or schedule or of all. Documents, the last
'keep_revisions' revisions, containers, open runs and open backtests keep theirs. Every deployment does so for its own
bot.

  --dry-run  only list what would be removed, with sizes
  --json     print one JSON object`,
      options: { "dry-run": { type: "boolean" }, json: { type: "boolean" } },
      takes: { ...ID, min: 0 },
      isClient: true,
      run: async ([id], { json, "dry-run": dryRun }, context) =>
        (await import("./prune_command.ts")).pruneCommand(
          { ...text("id", id), dryRun: dryRun === true, json: json === true },
          context,
        ),
    },
    disable: {
      usage: "ID...",
      summary: "stop bots and pause schedules",
      help: `Usage: berth disable ID...

Stops these bots and pauses these schedules. Documents and code are kept; a run in progress finishes.`,
      takes: IDS,
      isClient: true,
      run: async (ids, _values, context) =>
        (await import("./enable_command.ts")).enableCommand({ ids, enabled: false }, context),
    },
    enable: {
      usage: "ID...",
      summary: "start bots and resume schedules",
      help: `Usage: berth enable ID...

Starts these bots and resumes these schedules.`,
      takes: IDS,
      isClient: true,
      run: async (ids, _values, context) =>
        (await import("./enable_command.ts")).enableCommand({ ids, enabled: true }, context),
    },
    restart: {
      usage: "ID...",
      summary: "stop bots and start them again",
      help: `Usage: berth restart ID... [--json]

Stops the container of each bot and starts a new one. A bot that waits for its next start is started at once. Does not
wait for the start; 'berth ps' shows it.

  --json  print one JSON array`,
      options: { json: { type: "boolean" } },
      takes: { ...IDS, what: "the id of a bot" },
      isClient: true,
      run: async (ids, { json }, context) =>
        (await import("./restart_command.ts")).restartCommand({ ids, json: json === true }, context),
    },
    release: {
      usage: "ID...",
      summary: "let bots run again that a guard has stopped",
      help: `Usage: berth release ID... --guard NAME --reason TEXT [--json]

Releases bots that a tripped guard holds. Nothing else starts them again. The guard begins anew, its peak too, and the
audit records who released it and why. 'berth describe ID' shows what tripped, with the last lines of the bot.

  --guard NAME   name of the guard
  --reason TEXT  why the bots may run again
  --json         print one JSON array`,
      options: { guard: { type: "string" }, reason: { type: "string" }, json: { type: "boolean" } },
      takes: IDS,
      isClient: true,
      run: async (ids, { guard, reason, json }, context) =>
        (await import("./release_command.ts")).releaseCommand(
          { ids, ...text("guard", guard), ...text("reason", reason), json: json === true },
          context,
        ),
    },
    remove: {
      usage: "ID...",
      summary: "stop bots and schedules, and delete them",
      help: `Usage: berth remove ID... [--purge] [--yes]

Stops these bots and schedules, and deletes their documents. Logs, results, archives and state are kept; a run in
progress finishes. On a terminal, asks first.

  --purge  also remove logs, results, archives and state for good; waits until the bot has stopped
  --yes    do not ask (-y for short)`,
      options: { purge: { type: "boolean" }, yes: { type: "boolean", short: "y" } },
      takes: IDS,
      isClient: true,
      run: async (ids, { purge, yes }, context) =>
        (await import("./remove_command.ts")).removeCommand(
          { ids, purge: purge === true, yes: yes === true },
          context,
        ),
    },
    state: {
      usage: "ls ID",
      summary: "show, save and restore the files that bots keep",
      help: `Usage: berth state ls|get|put|snapshot|restore ID[@TIME] [FILE] [--out FILE] [--empty] [--json]

A bot with 'state: true' in its bot-config.yaml keeps its files in /state. 'ls' shows their size and the snapshots.
'get' downloads the files, or a snapshot of them, as a tar.gz file; 'put' puts such a file in their place. 'snapshot'
makes a snapshot now. 'restore' goes back to the snapshot of that time, or to the newest. 'put' and 'restore' stop the
bot, swap the files and start it again; the previous files become a snapshot. The beginning of a TIME is enough.

  --out FILE  where 'get' writes (default: ID.tar.gz or ID-TIME.tar.gz); the file must not exist
  --empty     begin with no files
  --json      print JSON`,
      options: { out: { type: "string" }, empty: { type: "boolean" }, json: { type: "boolean" } },
      takes: { what: "ls, get, put, snapshot or restore, and the id of a bot", min: 2, max: 3 },
      isClient: true,
      run: async ([action, target, file], { out, empty, json }, context) =>
        (await import("./state_command.ts")).stateCommand({
          action: action!,
          target: target!,
          ...text("file", file),
          ...text("out", out),
          empty: empty === true,
          json: json === true,
        }, context),
    },
    nodes: {
      usage: "[drain NAME]",
      summary: "list the nodes of a cluster, or move the bots of one elsewhere",
      help: `Usage: berth nodes [--json]
       berth nodes drain|cordon|activate NAME [--timeout TIME]

Lists the nodes of the Swarm: state, bots, and the limits of their containers next to the node's resources. 'cordon'
keeps new containers away from a node; what runs there goes on. 'drain' does the same, then restarts its bots one by
one, each once the previous one runs elsewhere; the service goes on if the command is interrupted, and 'cordon' stops
it. 'activate' lets the node take containers again. NAME is the name or the id of a node.

  --timeout TIME  how long 'drain' waits for one bot to run elsewhere, such as 90s or 10m (default: 5m)
  --json          print the list as one JSON array`,
      options: { timeout: { type: "string" }, json: { type: "boolean" } },
      takes: { what: "drain, cordon or activate, and the name of a node", min: 0, max: 2 },
      isClient: true,
      run: async ([action, node], { timeout, json }, context) =>
        (await import("./nodes_command.ts")).nodesCommand({
          ...text("action", action),
          ...text("node", node),
          moveMs: readTimeout(timeout) ?? MOVE_MS,
          json: json === true,
        }, context),
    },
    "run-now": {
      usage: "ID",
      summary: "run a schedule now",
      help: `Usage: berth run-now ID [--follow] [--json]

Runs a schedule now, even a disabled one. Fails if another run is in progress and the schedule's concurrency_policy is
Forbid.

  --follow  print the log until the run ends (-f for short); exit with 1 if it did not succeed
  --json    print the run as JSON, and its log as one JSON object per line`,
      options: { follow: { type: "boolean", short: "f" }, json: { type: "boolean" } },
      takes: { ...ID, what: "the id of a schedule" },
      isClient: true,
      run: async ([id], { follow, json }, context) =>
        (await import("./run_now_command.ts")).runNowCommand(
          { id: id!, follow: follow === true, json: json === true },
          context,
        ),
    },
  },
};
