/**
 * `berth permissions`: prints the exact permissions of the service.
 *
 * @module
 */

import type { EngineAddress } from "../../lib/engine/engine_address.ts";
import { InvalidConfigError } from "../../lib/errors.ts";
import { memoryFolderPlace } from "../../lib/secrets/memory_folder.ts";
import { HOST_USER_FILES } from "../../lib/users/host_users.ts";
import {
  ownSocketOf,
  parseServiceConfig,
  SERVICE_VARIABLES,
  type ServiceConfig,
} from "../../services/config.ts";
import { hostOf, type NotificationReach, notificationReach } from "../../services/notification_reach.ts";
import { mongoHosts, natsHosts, tcpAddressOf } from "../../lib/util/server_addresses.ts";
import { type CliContext, EXIT } from "../context.ts";
import { misspelledVariables } from "../misspelled_variables.ts";

/**
 * The library's folder, from which the extraction worker is loaded. Relative to the project's folder, because
 * an absolute path may hold a space, which a list of flags cannot.
 */
const LIBRARY = "lib";
/** Variables that the program reads besides the configuration. */
const TERMINAL_VARIABLES = ["INIT_CWD", "NO_COLOR"];

/** Variables that the program reads: those of the configuration, and those that `env:` references may name. */
function environmentFlags(secrets: readonly string[] = []): string[] {
  return [
    `--allow-env=${[...SERVICE_VARIABLES, ...TERMINAL_VARIABLES, ...secrets].join(",")}`,
    "--ignore-env",
  ];
}

/** Options of {@linkcode permissionsCommand}. */
export interface PermissionsOptions {
  /**
   * Whether to print, for an invalid configuration, the flags under which `start` can report the problem. `deno task
   * start` runs both commands, and cannot end with the message and the exit code of the first.
   */
  readonly lenient: boolean;
}

/**
 * Prints the flags for `deno run` on one line.
 *
 * @param options The way to treat an invalid configuration.
 * @param context The command's context.
 * @throws {InvalidConfigError} If the configuration is invalid and `lenient` is not set; names every problem.
 */
export async function permissionsCommand(
  { lenient }: PermissionsOptions,
  context: CliContext,
): Promise<number> {
  const { terminal, variableNames = [] } = context;
  // Reported here, because the service started with these permissions sees only its own variables.
  for (const { name, meant } of misspelledVariables(variableNames)) {
    terminal.note(
      `berth: The variable ${name} is set, and Berth reads no such variable; did you mean ${meant}?`,
    );
  }
  terminal.out((await flagsOf(context, lenient)).join(" "));
  return EXIT.ok;
}

async function flagsOf({ env, terminal }: CliContext, lenient: boolean): Promise<string[]> {
  try {
    const config = parseServiceConfig(env);
    const reach = await notificationReach(config);
    for (const problem of reach.problems) terminal.note(`berth: Notifications: ${problem}`);
    return servicePermissions(config, reach);
  } catch (error) {
    if (lenient && error instanceof InvalidConfigError) return environmentFlags();
    throw error;
  }
}

/**
 * Derives the permissions from the configuration: no `-A`, no `--allow-run`, no `--allow-ffi`.
 *
 * @param config The configuration.
 * @param reach The files and hosts that notifications need. @default nothing
 * @returns The flags.
 * @throws {InvalidConfigError} If a path cannot be written in a list of flags.
 */
export function servicePermissions(
  config: ServiceConfig,
  reach: Pick<NotificationReach, "hosts" | "files"> = { hosts: [], files: [] },
): string[] {
  const { tempDir, dataDir, minio, builds, secrets, dockerConfigFile = "", cluster } = config.runner;
  const engines = enginesOf(config.runner);
  const sockets = engines.flatMap((one) => one.host === undefined ? [one.socketPath] : []);
  const own = [...sockets, tempDir, dataDir];
  const readable = [
    secrets.dir,
    ...reach.files,
    ...(secrets.vault?.tokenFile ? [secrets.vault.tokenFile] : []),
  ];
  const { tls } = config.http ?? {};
  // Builders get a copy of the authorities.
  const authorities = builds.certificates === undefined ? [] : [builds.certificates];
  const certificates = [
    ...(tls ? [tls.certFile, tls.keyFile] : []),
    ...Object.values(cluster?.tls ?? {}),
    ...[cluster?.berthCaFile ?? config.peers?.caFile].filter((path) => path !== undefined),
    ...authorities,
  ];
  // Checked before anything asks who this user is: a service whose flags could not be made may not.
  requireUsable([...own, ...readable, ...certificates]);
  const folders = [...own, memoryFolderPlace({ ...secrets, uid: Deno.uid() ?? 0 })];
  requireUsable(folders);
  // Without the credentials of registries, a pull that needs some says so.
  const logins = dockerConfigFile === "" || isUnusable(dockerConfigFile) ? [] : [dockerConfigFile];
  const mongo = config.mongoUri ? mongoHosts(config.mongoUri.reveal()) : [];
  // A bot's own user must not be one of the machine's users.
  const hostFiles = Deno.uid() === 0 && !config.runner.botUser ? HOST_USER_FILES : [];
  const hosts = [
    ...engines.map((one) =>
      one.host === undefined ? `unix:${one.socketPath}` : `${bracketed(one.host)}:${one.port}`
    ),
    `unix:${ownSocketOf(config)}`,
    ...(config.http ? [`${bracketed(config.http.hostname)}:${config.http.port}`] : []),
    ...(config.peers?.urls ?? []).map((url) => {
      const { hostname, port } = tcpAddressOf(url);
      return `${bracketed(hostname)}:${port}`;
    }),
    ...(minio ? [`${bracketed(minio.host)}:${minio.port}`] : []),
    ...(mongo ?? []),
    ...(secrets.vault ? [hostOf(secrets.vault.address)] : []),
    ...(config.natsUrl ? natsHosts(config.natsUrl.reveal()) : []),
    ...reach.hosts,
  ];
  return [
    mongo ? `--allow-net=${hosts.join(",")}` : "--allow-net",
    `--allow-read=${[LIBRARY, ...folders, ...readable, ...hostFiles, ...certificates, ...logins].join(",")}`,
    `--allow-write=${folders.join(",")}`,
    ...environmentFlags(Object.keys(secrets.env)),
    "--allow-sys=uid,gid,statfs",
  ];
}

function enginesOf({ cluster, dockerHost }: ServiceConfig["runner"]): readonly EngineAddress[] {
  return cluster?.managers ?? [{ socketPath: dockerHost.slice("unix://".length) }];
}

function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** A list of flags separates its paths by commas, and the shell separates the flags. */
function isUnusable(path: string): boolean {
  return /[\s,]/.test(path);
}

function requireUsable(paths: readonly string[]): void {
  const unusable = paths.filter(isUnusable);
  if (unusable.length === 0) return;
  throw new InvalidConfigError(
    unusable.map((path) => ({
      path: "",
      message: `'${path}' cannot be used: it holds a space or a comma; choose another path`,
    })),
  );
}
