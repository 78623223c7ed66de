/**
 * `berth permissions`: the exact permissions of the service.
 *
 * @module
 */

import { parseServiceConfig, SERVICE_VARIABLES, type ServiceConfig } from "../services/service_config.ts";
import { mongoHosts, natsHosts } from "../services/server_addresses.ts";
import { type CliContext, EXIT, UsageError } from "./context.ts";
import { misspelledVariables } from "./misspelled_variables.ts";

/**
 * The library's own folder, from which the extraction's worker is loaded. Relative to the project's folder, in
 * which tasks run: its path may hold a space, which a list of flags cannot.
 */
const LIBRARY = "lib";
/** Read by the program besides the configuration. */
const TERMINAL_VARIABLES = ["INIT_CWD", "NO_COLOR"];

/**
 * Prints the flags for `deno run`, on one line.
 *
 * @param context See {@linkcode CliContext}.
 */
export function permissionsCommand(context: CliContext): Promise<number> {
  const { terminal, variableNames = [] } = context;
  // The service that is started with these permissions sees its own variables alone.
  for (const { name, meant } of misspelledVariables(variableNames)) {
    terminal.note(
      `berth: The variable ${name} is set, and Berth reads no such variable; did you mean ${meant}?`,
    );
  }
  context.terminal.out(servicePermissions(parseServiceConfig(context.env)).join(" "));
  return Promise.resolve(EXIT.ok);
}

/**
 * Derives the permissions from the configuration: no `-A`, no `--allow-run`, no `--allow-ffi`.
 *
 * @param config The configuration.
 * @returns The flags.
 * @throws {UsageError} when a path cannot be written in a list of flags.
 */
export function servicePermissions(config: ServiceConfig): string[] {
  const { dockerHost, tempDir, dataDir, minio } = config.runner;
  const socket = dockerHost.slice("unix://".length);
  const folders = [socket, tempDir, dataDir];
  for (const path of folders) {
    if (/[\s,]/.test(path)) throw new UsageError(`'${path}' cannot be used: it holds a space or a comma.`);
  }
  const mongo = config.mongoUri ? mongoHosts(config.mongoUri.reveal()) : [];
  const hosts = [
    `unix:${socket}`,
    ...(minio ? [`${bracketed(minio.host)}:${minio.port}`] : []),
    ...(mongo ?? []),
    ...(config.natsUrl ? natsHosts(config.natsUrl.reveal()) : []),
  ];
  return [
    mongo ? `--allow-net=${hosts.join(",")}` : "--allow-net",
    `--allow-read=${[LIBRARY, ...folders].join(",")}`,
    `--allow-write=${folders.join(",")}`,
    `--allow-env=${[...SERVICE_VARIABLES, ...TERMINAL_VARIABLES].join(",")}`,
    "--ignore-env",
    "--allow-sys=uid,gid",
  ];
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
