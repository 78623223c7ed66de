/**
 * The commands and their arguments. Running a command loads its module: a service without the modules of other
 * commands starts sooner and needs less memory.
 *
 * @module
 */

import { type CliContext, UsageError } from "../context.ts";
import type { Command, Values } from "./command.ts";
import { HELP } from "./help.ts";
import {
  readCount,
  readEnabled,
  readExpires,
  readFor,
  readNumber,
  readRevisionNumber,
  readTail,
  readTime,
  readWatch,
  requireLogs,
  text,
} from "./option_values.ts";

const FOLDER = { what: "a bot folder", min: 1, max: 1, completes: "folders" } as const;
const ID = { what: "the id of a bot or a schedule", min: 1, max: 1, completes: "ids" } as const;
const IDS = { ...ID, max: Infinity } as const;
/** Events that are shown before those that happen, unless the user says how many. */
const LAST_EVENTS = 20;

/** Second names of commands. */
export const ALIASES: Readonly<Record<string, string>> = { bots: "ps" };

/** The commands by name. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  start: {
    options: { adopt: { type: "boolean" }, "take-over": { type: "boolean" } },
    help: HELP.start.text,
    run: async (_args, { adopt, "take-over": takeOver }, context) =>
      (await import("./start_command.ts")).startCommand({
        adopt: adopt === true,
        takeOver: takeOver === true,
      }, context),
  },
  init: {
    options: {
      runtime: { type: "string" },
      typescript: { type: "boolean" },
      schedule: { type: "boolean" },
    },
    takes: { ...FOLDER, what: "a new folder" },
    isClient: true,
    help: HELP.init.text,
    run: async ([folder], { runtime, typescript, schedule }, context) =>
      (await import("./init_command.ts")).initCommand({
        folder: folder!,
        ...(typeof runtime === "string" && { runtime }),
        isScheduled: schedule === true,
        isTypeScript: typescript === true,
      }, context),
  },
  deploy: {
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
    help: HELP.deploy.text,
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
    options: { wide: { type: "boolean" }, json: { type: "boolean" } },
    isClient: true,
    help: HELP.ps.text,
    run: async (_args, { wide, json }, context) =>
      (await import("./ps_command.ts")).psCommand({ wide: wide === true, json: json === true }, context),
  },
  describe: {
    options: { json: { type: "boolean" } },
    takes: IDS,
    isClient: true,
    help: HELP.describe.text,
    run: async (ids, { json }, context) =>
      (await import("./describe_command.ts")).describeCommand({ ids, json: json === true }, context),
  },
  history: {
    options: { limit: { type: "string" }, json: { type: "boolean" } },
    takes: ID,
    isClient: true,
    help: HELP.history.text,
    run: async ([id], { limit, json }, context) =>
      (await import("./history_command.ts")).historyCommand(
        { id: id!, limit: readNumber("limit", limit) ?? 20, json: json === true },
        context,
      ),
  },
  diff: {
    options: { json: { type: "boolean" } },
    takes: { ...ID, what: "an id and one or two numbers of revisions", min: 2, max: 3 },
    isClient: true,
    help: HELP.diff.text,
    run: async ([id, from, to], { json }, context) =>
      (await import("./diff_command.ts")).diffCommand({
        id: id!,
        from: readRevisionNumber(from!),
        ...(to !== undefined && { to: readRevisionNumber(to) }),
        json: json === true,
      }, context),
  },
  rollback: {
    options: { "no-wait": { type: "boolean" }, "dry-run": { type: "boolean" }, json: { type: "boolean" } },
    takes: { ...ID, what: "an id, and perhaps the number of a revision", max: 2 },
    isClient: true,
    help: HELP.rollback.text,
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
    options: { "dry-run": { type: "boolean" }, json: { type: "boolean" } },
    takes: { ...ID, min: 0 },
    isClient: true,
    help: HELP.prune.text,
    run: async ([id], { json, "dry-run": dryRun }, context) =>
      (await import("./prune_command.ts")).pruneCommand(
        { ...text("id", id), dryRun: dryRun === true, json: json === true },
        context,
      ),
  },
  events: {
    options: {
      follow: { type: "boolean", short: "f" },
      tail: { type: "string" },
      json: { type: "boolean" },
    },
    takes: { ...ID, min: 0 },
    isClient: true,
    help: HELP.events.text,
    run: async ([id], { follow, tail, json }, context) =>
      (await import("./events_command.ts")).eventsCommand({
        ...text("id", id),
        tail: Math.min(readTail(tail).tail ?? LAST_EVENTS, 1000),
        follow: follow === true,
        json: json === true,
      }, context),
  },
  top: {
    options: { json: { type: "boolean" } },
    isClient: true,
    help: HELP.top.text,
    run: async (_args, { json }, context) =>
      (await import("./top_command.ts")).topCommand({ json: json === true }, context),
  },
  logs: {
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
    help: HELP.logs.text,
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
  enable: {
    takes: IDS,
    isClient: true,
    help: HELP.enable.text,
    run: async (ids, _values, context) =>
      (await import("./enable_command.ts")).enableCommand({ ids, enabled: true }, context),
  },
  disable: {
    takes: IDS,
    isClient: true,
    help: HELP.disable.text,
    run: async (ids, _values, context) =>
      (await import("./enable_command.ts")).enableCommand({ ids, enabled: false }, context),
  },
  restart: {
    options: { json: { type: "boolean" } },
    takes: { ...IDS, what: "the id of a bot" },
    isClient: true,
    help: HELP.restart.text,
    run: async (ids, { json }, context) =>
      (await import("./restart_command.ts")).restartCommand({ ids, json: json === true }, context),
  },
  guard: {
    options: {
      guard: { type: "string" },
      rule: { type: "string" },
      since: { type: "string" },
      json: { type: "boolean" },
    },
    takes: { what: "list, or replay and the id of a bot", min: 1, max: 2 },
    isClient: true,
    help: HELP.guard.text,
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
  release: {
    options: { guard: { type: "string" }, reason: { type: "string" }, json: { type: "boolean" } },
    takes: IDS,
    isClient: true,
    help: HELP.release.text,
    run: async (ids, { guard, reason, json }, context) =>
      (await import("./release_command.ts")).releaseCommand(
        { ids, ...text("guard", guard), ...text("reason", reason), json: json === true },
        context,
      ),
  },
  remove: {
    options: { purge: { type: "boolean" }, yes: { type: "boolean", short: "y" } },
    takes: IDS,
    isClient: true,
    help: HELP.remove.text,
    run: async (ids, { purge, yes }, context) =>
      (await import("./remove_command.ts")).removeCommand(
        { ids, purge: purge === true, yes: yes === true },
        context,
      ),
  },
  demo: {
    options: { for: { type: "string" } },
    help: HELP.demo.text,
    run: async (_args, values, context) =>
      (await import("./demo_command.ts")).demoCommand(readFor(values.for), context),
  },
  run: {
    options: { config: { type: "string" } },
    takes: FOLDER,
    help: HELP.run.text,
    run: async ([folder], { config }, context) =>
      (await import("./run_command.ts")).runCommand(
        { folder: folder!, ...text("configFile", config) },
        context,
      ),
  },
  backtest: {
    options: {
      config: { type: "string" },
      "on-service": { type: "string" },
      version: { type: "string" },
      "no-wait": { type: "boolean" },
      show: { type: "string" },
      cancel: { type: "string" },
      json: { type: "boolean" },
    },
    takes: { ...FOLDER, min: 0 },
    help: HELP.backtest.text,
    run: runBacktest,
  },
  backtests: {
    options: { state: { type: "string" }, limit: { type: "string" }, json: { type: "boolean" } },
    takes: { ...ID, what: "the id of a bot", min: 0 },
    isClient: true,
    help: HELP.backtests.text,
    run: async ([id], { state, limit, json }, context) =>
      (await import("./backtests_command.ts")).backtestsCommand({
        ...text("id", id),
        ...text("state", state),
        limit: readNumber("limit", limit) ?? 20,
        json: json === true,
      }, context),
  },
  doctor: {
    options: { json: { type: "boolean" } },
    help: HELP.doctor.text,
    run: async (_args, { json }, context) =>
      (await import("./doctor_command.ts")).doctorCommand({ json: json === true }, context),
  },
  images: {
    options: { all: { type: "boolean" } },
    takes: { ...FOLDER, min: 0, max: Infinity },
    help: HELP.images.text,
    run: async (folders, { all }, context) =>
      (await import("./images_command.ts")).imagesCommand({ folders, all: all === true }, context),
  },
  version: {
    options: { json: { type: "boolean" } },
    help: HELP.version.text,
    run: async (_args, { json }, context) =>
      (await import("./version_command.ts")).versionCommand({ json: json === true }, context),
  },
  state: {
    options: { out: { type: "string" }, empty: { type: "boolean" }, json: { type: "boolean" } },
    takes: { what: "ls, get, put, snapshot or restore, and the id of a bot", min: 2, max: 3 },
    isClient: true,
    help: HELP.state.text,
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
  token: {
    options: { role: { type: "string" }, expires: { type: "string" }, json: { type: "boolean" } },
    takes: { what: "create, list or revoke, and the name of a token", min: 1, max: 2 },
    isClient: true,
    help: HELP.token.text,
    run: async ([action, name], { role, expires, json }, context) =>
      (await import("./token_command.ts")).tokenCommand({
        action: action!,
        ...text("name", name),
        ...text("role", role),
        ...readExpires(expires),
        json: json === true,
      }, context),
  },
  secret: {
    options: { json: { type: "boolean" } },
    takes: { what: "set, list or rm, and the name of a secret", min: 1, max: 2 },
    isClient: true,
    help: HELP.secret.text,
    run: async ([action, name], { json }, context) =>
      (await import("./secret_command.ts")).secretCommand(
        { action: action!, ...text("name", name), json: json === true },
        context,
      ),
  },
  notify: {
    options: { limit: { type: "string" }, json: { type: "boolean" } },
    takes: { what: "list, or test and the name of a channel", min: 1, max: 2 },
    isClient: true,
    help: HELP.notify.text,
    run: async ([action, name], { limit, json }, context) =>
      (await import("./notify_command.ts")).notifyCommand({
        action: action!,
        ...text("name", name),
        limit: readNumber("limit", limit) ?? 20,
        json: json === true,
      }, context),
  },
  dashboard: {
    options: { json: { type: "boolean" } },
    isClient: true,
    help: HELP.dashboard.text,
    run: async (_args, { json }, context) =>
      (await import("./dashboard_command.ts")).dashboardCommand({ json: json === true }, context),
  },
  completions: {
    takes: { what: "bash, zsh or fish", min: 1, max: Infinity },
    isClient: true,
    help: HELP.completions.text,
    run: async (args, _values, context) =>
      (await import("./completions_command.ts")).completionsCommand(args, context),
  },
  permissions: {
    options: { lenient: { type: "boolean" } },
    help: HELP.permissions.text,
    run: async (_args, { lenient }, context) =>
      (await import("./permissions_command.ts")).permissionsCommand({ lenient: lenient === true }, context),
  },
  schedules: {
    options: { json: { type: "boolean" } },
    isClient: true,
    help: HELP.schedules.text,
    run: async (_args, { json }, context) =>
      (await import("./schedules_command.ts")).schedulesCommand({ json: json === true }, context),
  },
  "run-now": {
    options: { follow: { type: "boolean", short: "f" }, json: { type: "boolean" } },
    takes: { ...ID, what: "the id of a schedule" },
    isClient: true,
    help: HELP["run-now"].text,
    run: async ([id], { follow, json }, context) =>
      (await import("./run_now_command.ts")).runNowCommand(
        { id: id!, follow: follow === true, json: json === true },
        context,
      ),
  },
  runs: {
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
    help: HELP.runs.text,
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
    options: {
      follow: { type: "boolean", short: "f" },
      tail: { type: "string" },
      json: { type: "boolean" },
    },
    takes: { what: "the id of a run", min: 1, max: 1 },
    isClient: true,
    help: HELP["run-log"].text,
    run: async ([run], { follow, tail, json }, context) =>
      (await import("./run_log_command.ts")).runLogCommand({
        run: run!,
        ...readTail(tail),
        follow: follow === true,
        json: json === true,
      }, context),
  },
  schedule: {
    options: {
      timezone: { type: "string" },
      calendar: { type: "string" },
      count: { type: "string" },
      json: { type: "boolean" },
    },
    takes: { what: "'preview' and a cron expression, in quotes", min: 2, max: 2 },
    help: HELP.schedule.text,
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
};

/** A backtest of a folder here, or of a bot on the service. */
async function runBacktest(args: readonly string[], values: Values, context: CliContext): Promise<number> {
  const { config, version, "on-service": bot, "no-wait": noWait, show, cancel } = values;
  const [folder] = args;
  const json = values.json === true;
  if ([folder, bot, show, cancel].filter((given) => given !== undefined).length !== 1) {
    throw new UsageError("'backtest' needs a bot folder, or one of --on-service, --show and --cancel.");
  }
  if (folder !== undefined) {
    if (version !== undefined || noWait) {
      throw new UsageError("--version and --no-wait go with --on-service alone.");
    }
    return (await import("./backtest_command.ts")).backtestCommand(
      { folder, json, ...text("configFile", config) },
      context,
    );
  }
  const service = await import("./service_backtest_command.ts");
  if (typeof show === "string") return service.showBacktestCommand({ id: show, json }, context);
  if (typeof cancel === "string") return service.cancelBacktestCommand({ id: cancel, json }, context);
  return service.serviceBacktestCommand({
    bot: String(bot),
    ...text("version", version),
    ...text("configFile", config),
    wait: noWait !== true,
    json,
  }, context);
}

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
