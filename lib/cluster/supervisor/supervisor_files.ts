/**
 * The supervisor's place in the containers of a cluster.
 *
 * @module
 */

import shell from "./supervisor.sh" with { type: "text" };

/** Folder of the supervisor's files in a container. */
export const SUPERVISOR_FOLDER = "/berth-supervisor";

/** File with the token of an order in a container: only root may read it (mode 0400). */
export const BOOTSTRAP_FILE = `${SUPERVISOR_FOLDER}/token`;

/** File of the certificate authority (CA) behind Berth's certificate, if images do not know it. */
export const CA_FILE = `${SUPERVISOR_FOLDER}/ca.pem`;

/** Folder of the node's cache in a container, on a volume that all containers of the instance on a node share. */
export const CACHE_MOUNT = "/berth-cache";

/** The capabilities of root in a container: to give files and processes to the bot's user, and to end those. */
export const SUPERVISOR_CAPABILITIES: readonly string[] = [
  "CHOWN",
  "DAC_OVERRIDE",
  "KILL",
  "SETGID",
  "SETUID",
];

/** Exit code of a container that found no supervisor on its node, and brought none along. */
export const MISSING_EXIT_CODE = 69;

/** A file of the supervisor. */
export interface SupervisorFile {
  /** Absolute path in the container. */
  readonly path: string;
  /** Its content. */
  readonly content: Uint8Array;
}

/** Environment variables of a supervisor. None of them reaches the bot. */
export interface SupervisorEnvironment {
  /** Addresses of Berth, separated by commas. */
  readonly BERTH_URLS: string;
  /** Id of the task. */
  readonly BERTH_TASK: string;
  /** Name of the node. */
  readonly BERTH_NODE: string;
  /** See {@linkcode BOOTSTRAP_FILE}. */
  readonly BERTH_BOOTSTRAP_FILE: string;
  /** PEM file of the certificate authority behind Berth's certificate. @default {those of the image} */
  readonly BERTH_CA_FILE?: string;
}

/** The script that starts the supervisor in every container. */
export const START_FILE: SupervisorFile = {
  path: `${SUPERVISOR_FOLDER}/supervisor.sh`,
  content: new TextEncoder().encode(shell),
};

/**
 * Returns the command of a container. It runs as root, with {@linkcode SUPERVISOR_CAPABILITIES}.
 *
 * @param version Version of the supervisor's program.
 */
export function supervisorCommand(version: string): string[] {
  return ["/bin/sh", START_FILE.path, version];
}
