/**
 * The order of one start, and the service that carries it out.
 *
 * @module
 */

import { LABEL } from "../engine/labels.ts";
import type { SwarmContainerSpec, SwarmFile } from "../engine/swarm/swarm_service_spec.ts";
import { EngineError } from "../errors.ts";
import { accountEnvironment } from "../executable/accounts.ts";
import type { Executable } from "../executable/executable.ts";
import { limitsOf } from "../runner/limit_bounds.ts";
import type { StartContainerOptions } from "../runner/runner.ts";
import type { StartTarget } from "../runner/standing_containers.ts";
import { slotEnvironment, startLabels } from "../runner/start_target.ts";
import { SECRETS_MOUNT } from "../secrets/container_secrets.ts";
import type { HeldLease } from "./cluster_leases.ts";
import { TOKEN_KIND, tokenName } from "./cluster_remover.ts";
import type { ClusterStarterOptions } from "./cluster_starter.ts";
import {
  BOOTSTRAP_FILE,
  CA_FILE,
  CACHE_MOUNT,
  START_FILE,
  SUPERVISOR_CAPABILITIES,
  supervisorCommand,
  type SupervisorEnvironment,
} from "./supervisor/supervisor_files.ts";
import type { OrderedCode, OrderedProgram, WorkOrder } from "./work_orders.ts";

/** Memory and processes of the supervisor, in bytes and by number: it has to fit into the bot's container. */
const SUPERVISOR_BYTES = 48 * 1024 ** 2;
const SUPERVISOR_PIDS = 24;
/** How long the engine waits beyond the bot's grace period for the supervisor's last reports, in seconds. */
const REPORT_SECONDS = 15;
/** How fast the snapshot of a stop is packed and stored at least, in bytes a second. */
const SNAPSHOT_RATE = 4 * 1024 ** 2;
/** Room for the secrets of one bot, in bytes. */
const SECRETS_BYTES = 16 * 1024 ** 2;

/** Parts of {@linkcode OrderGiver}. */
export type OrderGiverOptions = Pick<
  ClusterStarterOptions,
  | "authority"
  | "config"
  | "configs"
  | "hashes"
  | "orders"
  | "ownership"
  | "placement"
  | "programs"
  | "swarm"
  | "users"
>;

/** The parts that a start prepares before it takes the lease. */
export interface PreparedStart {
  /** Id of the order. */
  readonly order: string;
  /** The image, named by its digest. */
  readonly image: string;
  /** The code. */
  readonly code: OrderedCode;
  /** The program of an image that brings its own. @default {that of the executable} */
  readonly program?: OrderedProgram;
  /** The user that the bot runs as. */
  readonly user: { readonly uid: number; readonly gid: number };
}

/** Gives orders to supervisors. */
export class OrderGiver {
  readonly #options: OrderGiverOptions;

  /** @param options See {@linkcode OrderGiverOptions}. */
  constructor(options: OrderGiverOptions) {
    this.#options = options;
  }

  /** Stores the order of a start. @returns The service that carries it out. */
  async give(
    target: StartTarget,
    executable: Executable,
    options: StartContainerOptions,
    { order: id, image, code, program, user }: PreparedStart,
    lease: HeldLease,
  ): Promise<SwarmContainerSpec> {
    const { config, orders, hashes, ownership, swarm, users, placement, programs } = this.#options;
    const { signal, slotTime } = options;
    const { resources, network } = limitsOf(executable, config);
    const graceSeconds = options.stopGraceSeconds ?? config.stopGraceSeconds;
    const order: WorkOrder = {
      id,
      kind: target.kind,
      executable,
      specHash: target.specHash,
      lease,
      leaseMode: options.leaseMode ?? "strict",
      user,
      image,
      code,
      ...(program && { program }),
      env: { ...slotEnvironment(slotTime), ...accountEnvironment(options.accountEpochs) },
      ...(!users.isShared && { pids: resources.pids }),
      graceSeconds,
      givenAt: new Date().toISOString(),
    };
    const ownLabels = ownership.ownLabels;
    const [token, placed] = await Promise.all([
      orders.put(order, { signal }),
      placement.of(executable, target.kind, { signal }),
    ]);
    const configs = await this.#files(id, target, placed.constraints, signal);
    const secret = await swarm.secrets.create({
      name: tokenName(id),
      labels: { ...ownLabels, [LABEL.kind]: TOKEN_KIND, [LABEL.folder]: id },
      content: new TextEncoder().encode(token),
    }, { signal });
    if (secret === undefined) throw new EngineError(`Cannot store the token of order '${id}'.`, 409);
    const environment: SupervisorEnvironment = {
      BERTH_URLS: config.cluster!.berthUrls.join(","),
      BERTH_TASK: "{{.Task.ID}}",
      BERTH_NODE: "{{.Node.Hostname}}",
      BERTH_BOOTSTRAP_FILE: BOOTSTRAP_FILE,
      ...(config.cluster!.berthCaFile !== undefined && { BERTH_CA_FILE: CA_FILE }),
    };
    const { specHash: _hash, ...started } = target;
    return {
      name: target.name,
      image,
      command: supervisorCommand(programs.version),
      env: { ...environment },
      labels: {
        ...ownLabels,
        [LABEL.id]: started.id,
        [LABEL.segment]: String(started.segment),
        [LABEL.entrypoint]: executable.entrypointFiles[executable.entrypoint] ?? "",
        ...startLabels(executable, target, options, {
          specParts: hashes.parts(executable),
          folder: id,
          uid: user.uid,
        }),
        [LABEL.code]: code.sha256,
        [LABEL.epoch]: String(lease.epoch),
      },
      configs,
      secrets: [{ id: secret, name: tokenName(id), target: BOOTSTRAP_FILE, mode: 0o400 }],
      volumes: [{ name: `berth-cache-${config.instance}`, target: CACHE_MOUNT }],
      tmpfs: executable.secrets ? [{ target: SECRETS_MOUNT, sizeBytes: SECRETS_BYTES }] : [],
      ...placed,
      network,
      resources: {
        ...resources,
        memoryBytes: resources.memoryBytes + SUPERVISOR_BYTES,
        pids: resources.pids + SUPERVISOR_PIDS,
      },
      logs: config.logs,
      user: "0:0",
      capabilities: [...new Set([...SUPERVISOR_CAPABILITIES, ...config.capabilities])],
      graceSeconds: graceSeconds + REPORT_SECONDS + snapshotSeconds(executable, target),
    };
  }

  /** The files of the supervisor that the container has mounted. */
  async #files(
    order: string,
    { kind }: StartTarget,
    constraints: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<SwarmFile[]> {
    const { authority, configs, programs, swarm } = this.#options;
    const nodes = await swarm.recentNodes({ signal });
    // A bot is started again if its node has lost the program meanwhile. Nothing repeats a run.
    const needed = programs.filesFor(order, { nodes, constraints, isSure: kind !== "bot" });
    return await configs.ensure([START_FILE, ...authority, ...needed]);
  }
}

/** How long the engine waits for the snapshot of a stop. A smaller state takes less. */
function snapshotSeconds({ state }: Executable, { kind }: StartTarget): number {
  return state === undefined || kind === "backtest" ? 0 : Math.ceil(state.maxBytes / SNAPSHOT_RATE);
}
