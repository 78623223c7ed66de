/**
 * The program: the only place that reads the environment, makes clients and handles signals.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { runCli } from "./cli.ts";
import { EXIT } from "./cli/context.ts";
import { createTerminal } from "./cli/terminal.ts";
import { connectDocker } from "./lib/adapters/connect_docker.ts";
import { DockerodeOrchestrator } from "./lib/adapters/dockerode_orchestrator.ts";
import { createDockerRunner, createObjectStore } from "./lib/create_docker_runner.ts";
import { CONFIG_VARIABLES } from "./lib/docker_runner_config.ts";
import { FolderObjectStore } from "./lib/folder_object_store.ts";

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => {
    // The second one means it: what is still there goes at the next start.
    if (stop.signal.aborted) Deno.exit(EXIT.interrupted);
    stop.abort(new DOMException(`Ended by ${signal}`, "AbortError"));
  });
}

const color = Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR");
const code = await runCli(Deno.args, {
  env: Object.fromEntries(CONFIG_VARIABLES.map((name) => [name, Deno.env.get(name)])),
  // `deno task` starts its commands in the project's folder, and says here where the user is.
  cwd: Deno.env.get("INIT_CWD") ?? Deno.cwd(),
  examplesDir: fileURLToPath(new URL("./examples", import.meta.url)),
  terminal: createTerminal({ color, interactive: Deno.stderr.isTerminal() }),
  signal: stop.signal,
  createOrchestrator: (config) => new DockerodeOrchestrator(connectDocker(config.dockerHost)),
  createStore: (config, folder) => (config.minio ? createObjectStore(config) : new FolderObjectStore(folder)),
  createRunner: (config, store) => createDockerRunner({ config, store }),
});
Deno.exit(code);
