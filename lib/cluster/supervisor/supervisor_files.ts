/**
 * The programs of the supervisor, which run in the containers of a cluster.
 *
 * @module
 */

import shell from "./supervisor.sh" with { type: "text" };
import { bundleCommonJs, bundlePython } from "./bundle_programs.ts";
import nodeArchive from "./node/archive.cjs" with { type: "text" };
import nodeBerthClient from "./node/berth_client.cjs" with { type: "text" };
import nodeBotProcess from "./node/bot_process.cjs" with { type: "text" };
import nodeBundle from "./node/bundle.cjs" with { type: "text" };
import nodeCache from "./node/cache.cjs" with { type: "text" };
import nodeClock from "./node/clock.cjs" with { type: "text" };
import nodeEnd from "./node/end.cjs" with { type: "text" };
import nodeFence from "./node/fence.cjs" with { type: "text" };
import nodeFetch from "./node/fetch.cjs" with { type: "text" };
import nodeHelper from "./node/helper.cjs" with { type: "text" };
import nodePrepare from "./node/prepare.cjs" with { type: "text" };
import nodeRenewer from "./node/renewer.cjs" with { type: "text" };
import nodeSession from "./node/session.cjs" with { type: "text" };
import nodeState from "./node/state.cjs" with { type: "text" };
import nodeSupervisor from "./node/supervisor.cjs" with { type: "text" };
import nodeTar from "./node/tar.cjs" with { type: "text" };
import nodeUsage from "./node/usage.cjs" with { type: "text" };
import nodeWords from "./node/words.cjs" with { type: "text" };
import nodeZipEntries from "./node/zip_entries.cjs" with { type: "text" };
import archive from "./python/archive.py" with { type: "text" };
import berthClient from "./python/berth_client.py" with { type: "text" };
import botProcess from "./python/bot_process.py" with { type: "text" };
import pythonBundle from "./python/bundle.py" with { type: "text" };
import bytecodeCache from "./python/bytecode_cache.py" with { type: "text" };
import cache from "./python/cache.py" with { type: "text" };
import clock from "./python/clock.py" with { type: "text" };
import end from "./python/end.py" with { type: "text" };
import errors from "./python/errors.py" with { type: "text" };
import fence from "./python/fence.py" with { type: "text" };
import fetch from "./python/fetch.py" with { type: "text" };
import files from "./python/files.py" with { type: "text" };
import helper from "./python/helper.py" with { type: "text" };
import httpRequest from "./python/http_request.py" with { type: "text" };
import light from "./python/light.py" with { type: "text" };
import prepare from "./python/prepare.py" with { type: "text" };
import process from "./python/process.py" with { type: "text" };
import renewer from "./python/renewer.py" with { type: "text" };
import runnerFiles from "./python/runner_files.py" with { type: "text" };
import session from "./python/session.py" with { type: "text" };
import state from "./python/state.py" with { type: "text" };
import supervisor from "./python/supervisor.py" with { type: "text" };
import tree from "./python/tree.py" with { type: "text" };
import usage from "./python/usage.py" with { type: "text" };
import words from "./python/words.py" with { type: "text" };

/** Folder of the supervisor's files in a container. */
export const SUPERVISOR_FOLDER = "/berth-supervisor";

/** File with the token of an order in a container: only root may read it (mode 0400). */
export const BOOTSTRAP_FILE = `${SUPERVISOR_FOLDER}/token`;

/** File of the certificate authority (CA) behind Berth's certificate, if images do not know it. */
export const CA_FILE = `${SUPERVISOR_FOLDER}/ca.pem`;

/** Folder of the node's cache in a container, on a volume that all containers of the instance on a node share. */
export const CACHE_MOUNT = "/berth-cache";

/** Command of every container. It runs as root, with {@linkcode SUPERVISOR_CAPABILITIES}. */
export const SUPERVISOR_COMMAND: readonly string[] = [
  "/bin/sh",
  `${SUPERVISOR_FOLDER}/supervisor.sh`,
  "start",
];

/** The capabilities of root in a container: to give files and processes to the bot's user, and to end those. */
export const SUPERVISOR_CAPABILITIES: readonly string[] = [
  "CHOWN",
  "DAC_OVERRIDE",
  "KILL",
  "SETGID",
  "SETUID",
];

/** Exit code of a container whose lease could not be renewed. */
export const FENCED_EXIT_CODE = 75;
/** Exit code of a container whose program could not be started. */
export const FAILED_EXIT_CODE = 70;

/** A file of the supervisor. */
export interface SupervisorFile {
  /** Absolute path in the container. */
  readonly path: string;
  /** Its content. */
  readonly text: string;
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

const PYTHON: Readonly<Record<string, string>> = {
  "supervisor.py": supervisor,
  "archive.py": archive,
  "berth_client.py": berthClient,
  "bot_process.py": botProcess,
  "bytecode_cache.py": bytecodeCache,
  "cache.py": cache,
  "clock.py": clock,
  "end.py": end,
  "errors.py": errors,
  "fence.py": fence,
  "fetch.py": fetch,
  "files.py": files,
  "helper.py": helper,
  "http_request.py": httpRequest,
  "light.py": light,
  "prepare.py": prepare,
  "process.py": process,
  "renewer.py": renewer,
  "runner_files.py": runnerFiles,
  "session.py": session,
  "state.py": state,
  "tree.py": tree,
  "usage.py": usage,
  "words.py": words,
};

const NODE: Readonly<Record<string, string>> = {
  "archive.cjs": nodeArchive,
  "berth_client.cjs": nodeBerthClient,
  "bot_process.cjs": nodeBotProcess,
  "cache.cjs": nodeCache,
  "clock.cjs": nodeClock,
  "end.cjs": nodeEnd,
  "fence.cjs": nodeFence,
  "fetch.cjs": nodeFetch,
  "helper.cjs": nodeHelper,
  "prepare.cjs": nodePrepare,
  "renewer.cjs": nodeRenewer,
  "session.cjs": nodeSession,
  "state.cjs": nodeState,
  "supervisor.cjs": nodeSupervisor,
  "tar.cjs": nodeTar,
  "usage.cjs": nodeUsage,
  "words.cjs": nodeWords,
  "zip_entries.cjs": nodeZipEntries,
};

/**
 * Returns the files of the supervisor, to be mounted read-only in {@linkcode SUPERVISOR_FOLDER}.
 *
 * @param language The language that the container's image has for sure: each file less saves a mount. @default {both}
 */
export function supervisorFiles(language?: "python3" | "node"): SupervisorFile[] {
  const programs = {
    "supervisor.sh": shell,
    ...(language !== "node" && { "supervisor.py": bundlePython(PYTHON, pythonBundle) }),
    ...(language !== "python3" && { "supervisor.cjs": bundleCommonJs(NODE, nodeBundle) }),
  };
  return Object.entries(programs).map(([name, text]) => ({ path: `${SUPERVISOR_FOLDER}/${name}`, text }));
}
