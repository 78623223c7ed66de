/**
 * The program: the only place that reads the environment, creates clients and handles signals.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { runCli } from "./cli.ts";
import { createTerminal } from "./cli/output/terminal.ts";
import { stopSignal } from "./cli/stop_signal.ts";
import { CLIENT_VARIABLES } from "./cli/client/api_client.ts";
import { isClientCommand } from "./cli/commands/commands.ts";

const signal = stopSignal();
const isScreen = Deno.stdout.isTerminal();
const color = isScreen && !Deno.env.get("NO_COLOR");
const code = await runCli(Deno.args, {
  env: Object.fromEntries((await variables()).map((name) => [name, Deno.env.get(name)])),
  variableNames: namesOfVariables(),
  // `deno task` runs in the project's folder, and passes the user's folder in this variable.
  cwd: Deno.env.get("INIT_CWD") ?? Deno.cwd(),
  examplesDir: fileURLToPath(new URL("./examples", import.meta.url)),
  terminal: createTerminal({ color, interactive: Deno.stderr.isTerminal(), isScreen }),
  ...(Deno.stdin.isTerminal() && { confirm: (question: string) => confirm(question) }),
  readSecret: async (question: string) =>
    (await import("./cli/read_secret.ts")).readSecret(Deno.stdin, askOnStderr, question),
  signal,
  // Loaded on demand, so that commands that need none of it start sooner.
  createOrchestrator: async (config) => {
    const { connectDocker } = await import("./lib/engine/docker/connect_docker.ts");
    const { DockerodeOrchestrator } = await import("./lib/engine/docker/dockerode_orchestrator.ts");
    const { loginsOf } = await import("./lib/engine/docker/registry_credentials.ts");
    const logins = loginsOf(config.dockerConfigFile);
    return new DockerodeOrchestrator(connectDocker(config.dockerHost), { logins });
  },
  createStore: async (config, folder) => {
    const { createObjectStore } = await import("./lib/runner/create_object_store.ts");
    const { FolderObjectStore } = await import("./lib/objects/folder/folder_object_store.ts");
    return config.minio || folder === undefined ? createObjectStore(config) : new FolderObjectStore(folder);
  },
  createRunner: async (config, store) =>
    (await import("./lib/runner/create_docker_runner.ts")).createDockerRunner({
      config,
      store,
      // The session's own store goes with the session; building again would take longer than the run.
      dependencyStore: (await import("./lib/runner/create_object_store.ts")).createObjectStore(config),
      compileAhead: false,
    }),
  probeServers: async (config, signal) =>
    await (await import("./services/probe_servers.ts")).probeServers(config, signal),
  composeServices: async (config, given, options) => {
    const { configure, getConsoleSink, getLogger } = await import("@logtape/logtape");
    const { formatRecord } = await import("./cli/output/log_format.ts");
    const { logUncaughtErrors } = await import("./services/control/uncaught_errors.ts");
    await configure({
      sinks: { console: getConsoleSink({ formatter: (record) => [formatRecord(record)] }) },
      loggers: [
        { category: ["berth"], lowestLevel: config.logLevel, sinks: ["console"] },
        { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["console"] },
      ],
    });
    logUncaughtErrors(getLogger(["berth"]));
    const { composeServices } = await import("./services/compose.ts");
    return composeServices(config, given, options);
  },
});
Deno.exit(code);

function askOnStderr(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(text));
}

/** The configuration's schema is loaded only for commands that need it: a client starts in a fraction of the time. */
async function variables(): Promise<readonly string[]> {
  if (isClientCommand(Deno.args[0])) return CLIENT_VARIABLES;
  const { SERVICE_VARIABLES } = await import("./services/config.ts");
  // Which variables bots may get is configuration, too.
  const secrets = (Deno.env.get("SECRET_ENV") ?? "").split(",").map((name) => name.trim()).filter(Boolean);
  return [...SERVICE_VARIABLES, ...CLIENT_VARIABLES, ...secrets];
}

/** Only commands that report misspelled names have the permission to list all variables. */
function namesOfVariables(): string[] {
  try {
    return Object.keys(Deno.env.toObject());
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return [];
    throw error;
  }
}
