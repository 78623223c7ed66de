/**
 * The program: the only place that reads the environment, makes clients and handles signals.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { configure, getConsoleSink, getLogger } from "@logtape/logtape";
import { runCli } from "./cli.ts";
import { EXIT } from "./cli/context.ts";
import { formatRecord } from "./cli/log_format.ts";
import { createTerminal } from "./cli/terminal.ts";
import { connectDocker } from "./lib/adapters/connect_docker.ts";
import { DockerodeOrchestrator } from "./lib/adapters/dockerode_orchestrator.ts";
import { createDockerRunner, createObjectStore } from "./lib/create_docker_runner.ts";
import { FolderObjectStore } from "./lib/folder_object_store.ts";
import { logUncaughtErrors } from "./services/control/uncaught_errors.ts";
import { openBotDocuments } from "./services/open_bot_documents.ts";
import { probeServers } from "./services/probe_servers.ts";
import { SERVICE_VARIABLES } from "./services/service_config.ts";

/**
 * A terminal sends Ctrl-C to every process of its group, and a task runner passes it on: one press arrives
 * twice, a few milliseconds apart.
 */
const SAME_PRESS_MS = 250;

const stop = new AbortController();
let stoppedAt = 0;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    const now = performance.now();
    // The second one means it: what is still there goes at the next start.
    if (stop.signal.aborted && now - stoppedAt > SAME_PRESS_MS) Deno.exit(EXIT.interrupted);
    if (stop.signal.aborted) return;
    stoppedAt = now;
    stop.abort(new DOMException(`Ended by ${signal}`, "AbortError"));
  });
}

const isScreen = Deno.stdout.isTerminal();
const color = isScreen && !Deno.env.get("NO_COLOR");
const code = await runCli(Deno.args, {
  env: Object.fromEntries(SERVICE_VARIABLES.map((name) => [name, Deno.env.get(name)])),
  variableNames: namesOfVariables(),
  // `deno task` starts its commands in the project's folder, and says here where the user is.
  cwd: Deno.env.get("INIT_CWD") ?? Deno.cwd(),
  examplesDir: fileURLToPath(new URL("./examples", import.meta.url)),
  terminal: createTerminal({ color, interactive: Deno.stderr.isTerminal(), isScreen }),
  signal: stop.signal,
  createOrchestrator: (config) => new DockerodeOrchestrator(connectDocker(config.dockerHost)),
  createStore: (config, folder) =>
    config.minio || folder === undefined ? createObjectStore(config) : new FolderObjectStore(folder),
  createRunner: (config, store) => createDockerRunner({ config, store, compileAhead: false }),
  openBotDocuments,
  probeServers,
  composeService: async (config, given) => {
    await configure({
      sinks: { console: getConsoleSink({ formatter: (record) => [formatRecord(record)] }) },
      loggers: [
        { category: ["berth"], lowestLevel: config.logLevel, sinks: ["console"] },
        { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["console"] },
      ],
    });
    logUncaughtErrors(getLogger(["berth"]));
    // Loaded by the service only: other commands begin sooner.
    const { composeBotService } = await import("./services/compose_bot_service.ts");
    return composeBotService(config, given);
  },
});
Deno.exit(code);

/** Only the commands that report misspelled names may see them all. */
function namesOfVariables(): string[] {
  try {
    return Object.keys(Deno.env.toObject());
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) return [];
    throw error;
  }
}
