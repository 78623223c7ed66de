/**
 * Makes the data with which a supervisor runs its program: the same container as on one host, in other words.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { leaseTimes } from "../../lib/cluster/cluster_leases.ts";
import type { WorkOrder } from "../../lib/cluster/work_orders.ts";
import type { ArchiveLimits } from "../../lib/archive/archive_limits.ts";
import { ContainerBuilder } from "../../lib/executable/container_builder.ts";
import {
  codeMountDir,
  CONFIG_FILE,
  OUTER_ENTRYPOINT,
  RESULT_FILE,
  RUNNER_FOLDER,
  STATE_MOUNT,
  STOP_REASON_FILE,
} from "../../lib/executable/container_layout.ts";
import { isPinned } from "../../lib/engine/image_reference.ts";
import { RUNTIMES } from "../../lib/executable/runtimes.ts";
import { scriptPath } from "../../lib/executable/executable.ts";
import { OWN_FOLDER, runnerContent } from "./runner_content.ts";
import { sdkViews } from "../../lib/executable/sdk_factory.ts";
import { isTypeScript } from "../../lib/dependencies/code_needs.ts";
import { TRANSLATED } from "../../lib/executable/code_dependencies.ts";
import { SECRETS_MOUNT } from "../../lib/secrets/container_secrets.ts";

/** Size of the largest result, in bytes. */
export const MAX_RESULT_BYTES = 64 * 1024 * 1024;

/** Parts of {@linkcode beginAnswer}. */
export interface BeginParts {
  /** Token of the session. */
  readonly token: string;
  /** Addresses of the objects by name. */
  readonly addresses: ReadonlyMap<string, readonly string[]>;
  /** Values of the secrets by name. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Settings of the state; absent if it keeps none. */
  readonly state?: Readonly<Record<string, unknown>>;
  /** Limits of an archive. */
  readonly limits: ArchiveLimits;
  /** Size that the node's cache may have, in bytes. */
  readonly cacheBytes: number;
  /** How long before the question the lease was taken or renewed, in ms. */
  readonly leaseAgeMs: number;
}

/**
 * Describes the work of a supervisor.
 *
 * @param order The order.
 * @param parts See {@linkcode BeginParts}.
 */
export function beginAnswer(order: WorkOrder, parts: BeginParts): Record<string, unknown> {
  const { executable, lease, user, pids, graceSeconds } = order;
  const { token, secrets, state, limits, cacheBytes, leaseAgeMs } = parts;
  const times = leaseTimes(lease.leaseSeconds);
  const folder = codeMountDir(executable.entrypoint);
  return {
    token,
    lease: { ...times, ageMs: leaseAgeMs, epoch: lease.epoch, isStrict: order.leaseMode === "strict" },
    user,
    ...(pids !== undefined && { pids }),
    graceMs: graceSeconds * 1000,
    ...programOf(order, secrets),
    runner: runnerOf(order),
    files: filesOf(order),
    stopReasonFile: `${OWN_FOLDER}/${STOP_REASON_FILE}`,
    links: sdkViews(executable).map(({ path, target }) => ({
      path: target,
      target: `${RUNNER_FOLDER}/${path}`,
    })),
    code: { folder, archives: archivesOf(order, parts) },
    limits: {
      maxEntries: limits.maxEntries,
      maxTotalBytes: limits.maxTotalBytes,
      maxFileBytes: limits.maxFileBytes,
    },
    cacheBytes,
    ...(secrets.size > 0 && { secrets: { folder: SECRETS_MOUNT, values: Object.fromEntries(secrets) } }),
    state: { mount: STATE_MOUNT, ...state },
    result: { path: `${folder}/${RESULT_FILE}`, maxBytes: MAX_RESULT_BYTES },
  };
}

/**
 * The folder of the runner's own files. Bytecode depends on the interpreter, and the image's own compiler makes it: so
 * containers share it only if their image is certainly the same, which its digest says.
 */
function runnerOf({ executable, image }: WorkOrder): Record<string, unknown> {
  const { sha256 } = runnerContent(executable);
  const compile = RUNTIMES.get(executable.runtime)?.compiler?.command;
  if (!compile || image === undefined || !isPinned(image)) return { folder: RUNNER_FOLDER, sha256 };
  return {
    folder: RUNNER_FOLDER,
    sha256: createHash("sha256").update(`${sha256} ${image}`).digest("hex"),
    compile,
  };
}

/** Command, working directory and environment. */
function programOf(
  { executable, lease, code, program, env = {} }: WorkOrder,
  secrets: ReadonlyMap<string, string>,
): Record<string, unknown> {
  const spec = new ContainerBuilder("bot", "bot").withExecutable(executable).build();
  const command = spec.command.length > 0 ? spec.command : program?.command ?? [];
  const script = scriptOf(executable);
  const given = [...secrets].flatMap(([name, value]) => [
    [`${name}_FILE`, `${SECRETS_MOUNT}/${name}`],
    ...(executable.secretsAsEnv ? [[name, value]] : []),
  ]);
  return {
    command,
    // An image knows its own folder, which the supervisor is in.
    ...(spec.workingDir !== undefined && { workingDir: spec.workingDir }),
    env: {
      ...spec.env,
      ...(code.script !== undefined && { SCRIPT_PATH: code.script }),
      ...(code.loader !== undefined && { PROGRAM_LOADER: code.loader }),
      ...(script !== undefined && { SCRIPT_PATH: script, NODE_OPTIONS: "--enable-source-maps" }),
      ...Object.fromEntries(given),
      ...env,
      LEASE_EPOCH: String(lease.epoch),
    },
  };
}

/** The translated script, which takes the place of the one that the executable names. */
function scriptOf(executable: WorkOrder["executable"]): string | undefined {
  const script = scriptPath(executable);
  const isTranslated = executable.dependencies?.scripts && script !== undefined && isTypeScript(script);
  return isTranslated ? `${script}${TRANSLATED}` : undefined;
}

/** The files of the container alone. Only the bot can read its configuration, which may contain secrets. */
function filesOf({ executable }: WorkOrder): Record<string, unknown>[] {
  return [
    { path: `${OWN_FOLDER}/${CONFIG_FILE}`, text: executable.config, mode: 0o400, isBots: true },
    { path: `${OWN_FOLDER}/${STOP_REASON_FILE}`, text: "", mode: 0o644 },
  ];
}

/**
 * The archives, in the order in which they are put in place. `copy`: the bot gets a copy of its own. `link`: it sees the
 * one of the node. `file`: it gets a copy of one file.
 */
function archivesOf(order: WorkOrder, { addresses }: BeginParts): Record<string, unknown>[] {
  const { code, executable } = order;
  const folder = codeMountDir(executable.entrypoint);
  const { libraries, scripts } = executable.dependencies ?? {};
  const urls = (name: string) => addresses.get(name) ?? [];
  const script = scriptOf(executable);
  return [
    {
      how: "copy",
      target: folder,
      sha256: code.sha256,
      urls: urls("code"),
      // The bot's own script of that name stays.
      extra: { "entrypoint.sh": OUTER_ENTRYPOINT },
    },
    ...(libraries
      ? [{
        how: "link",
        target: `${folder}/${libraries.folder}`,
        name: libraries.folder,
        sha256: libraries.sha256,
        urls: urls("libraries"),
      }]
      : []),
    ...(scripts && script !== undefined
      ? [{
        how: "file",
        target: `${folder}/${script}`,
        file: script,
        sha256: scripts.sha256,
        urls: urls("scripts"),
      }]
      : []),
  ];
}
