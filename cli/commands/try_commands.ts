/**
 * Commands to try a bot without a service.
 *
 * @module
 */

import { type CliContext, EXIT, UsageError } from "../context.ts";
import { type CommandGroup, FOLDER, type Values } from "./command.ts";
import { readFor, text } from "./option_values.ts";

/** Commands to try a bot without a service. */
export const TRY_COMMANDS: CommandGroup = {
  title: "Try it",
  commands: {
    demo: {
      usage: "[--cluster]",
      summary: "run the example bots, or a bot whose node loses power, then remove everything",
      help: `Usage: berth demo [--for TIME]
       berth demo --cluster

Starts a service of its own, deploys the bots in examples/ to it, and prints their output. At the end it stops and
removes everything. It touches no other service and no server.

  --for TIME  end after this time, for example 20s or 5m; without it, Ctrl-C ends the demo
  --cluster   make a cluster of three nodes on this machine instead, run a bot on it, cut the power of its node, show
              how the bot comes back on another one, and remove everything. This needs Linux, root and a checkout of
              Berth; missing programs come from packages of Debian or Ubuntu. LEASE_SECONDS (here 10) is the bot's
              lease`,
      options: { for: { type: "string" }, cluster: { type: "boolean" } },
      run: runDemo,
    },
    run: {
      usage: "DIR",
      summary: "run a bot folder in the foreground",
      help: `Usage: berth run DIR [--config FILE]

Runs a bot folder in a container until it ends or Ctrl-C stops it. Needs no service.

  --config FILE  configuration of the bot (default: config.json in the folder)`,
      options: { config: { type: "string" } },
      takes: FOLDER,
      run: async ([folder], { config }, context) =>
        (await import("./run_command.ts")).runCommand(
          { folder: folder!, ...text("configFile", config) },
          context,
        ),
    },
    backtest: {
      usage: "DIR",
      summary: "run a bot's backtest and print its result",
      help:
        `Usage: berth backtest [DIR] [--config FILE] [--on-service ID] [--version V] [--no-wait] [--show B] [--cancel B] [--json]

Runs the backtest of a bot folder once, prints its result, and exits with the program's exit code. This needs no
service. With --on-service, the service runs the backtest of a bot that is deployed, and keeps log and result. At most
MAX_CONCURRENT_BACKTESTS run at once; others wait in order.

  --config FILE      configuration of the bot (default: config.json in the folder, or that of the deployed bot)
  --on-service ID    run the backtest of this bot on the service, and print its log until it ends
  --version V        run this stored version (default: the deployed one)
  --no-wait          print the id of the backtest, and do not wait for its end
  --show B           print the log of the backtest with this id until it ends, and its result
  --cancel B         cancel the backtest with this id
  --json             print one JSON object; the program's output goes to standard error`,
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
      run: runBacktest,
    },
    init: {
      usage: "DIR",
      summary: "make the folder of a new bot",
      help: `Usage: berth init DIR [--runtime NAME] [--typescript] [--schedule]

Makes a folder with a bot that runs as it is: code, configuration, a README, and a test that needs no Berth. The name of
the folder becomes the id of the bot. Refuses a folder that is not empty.

  --runtime NAME  python3.11, python3.12, python3.13, nodejs20, nodejs22, nodejs24, deno2, bash, binary or image
                  (default: python3.11); a binary (here in Go) and an image have to be built first, as the README says
  --typescript    write it in TypeScript; the runtime is nodejs20 unless another one of Node is given
  --schedule      make a bot that runs at the times of a schedule, in Python or Node`,
      options: {
        runtime: { type: "string" },
        typescript: { type: "boolean" },
        schedule: { type: "boolean" },
      },
      takes: { ...FOLDER, what: "a new folder" },
      isClient: true,
      run: async ([folder], { runtime, typescript, schedule }, context) =>
        (await import("./init_command.ts")).initCommand({
          folder: folder!,
          ...(typeof runtime === "string" && { runtime }),
          isScheduled: schedule === true,
          isTypeScript: typescript === true,
        }, context),
    },
  },
};

/** The demo on this machine. The one of a cluster is another program: it needs rights that no service has. */
async function runDemo(_args: readonly string[], values: Values, context: CliContext): Promise<number> {
  if (values.cluster !== true) {
    return (await import("./demo_command.ts")).demoCommand(readFor(values.for), context);
  }
  if (values.for !== undefined) throw new UsageError("Use either --for or --cluster, not both.");
  context.terminal.note(
    "berth: The demo of a cluster makes networks and mounts, for which this program has no right. It needs Linux with " +
      "packages of Debian or Ubuntu, root, and a checkout of Berth: run 'sudo ./berth demo --cluster' there.",
  );
  return EXIT.unavailable;
}

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
