/**
 * Specification of a container on a Swarm, and its conversion into the form of the Swarm. Pure.
 *
 * @module
 */

import type { LogLimits, ResourceLimits, TmpfsMount } from "../container_spec.ts";

/** A config or secret of the Swarm as a file in a container. It belongs to root there. */
export interface SwarmFile {
  /** Its id. */
  readonly id: string;
  /** Its name. */
  readonly name: string;
  /** Absolute path in the container. */
  readonly target: string;
  /** Mode of the file, for example 0o444. */
  readonly mode: number;
}

/** Specification of one container, which the Swarm runs once, on a node of its choice. */
export interface SwarmContainerSpec {
  /** Name of the service, at most 63 characters. */
  readonly name: string;
  /** Reference of its image. */
  readonly image: string;
  /** Program and arguments; replaces those of the image. */
  readonly command: readonly string[];
  /** Environment variables: everybody who may inspect the service sees them. */
  readonly env: Readonly<Record<string, string>>;
  /** Labels of the service. */
  readonly labels: Readonly<Record<string, string>>;
  /** Files that are not secret. */
  readonly configs: readonly SwarmFile[];
  /** Secret files. */
  readonly secrets: readonly SwarmFile[];
  /** Volumes of the node, made where there is none. */
  readonly volumes: readonly { readonly name: string; readonly target: string }[];
  /** Folders in memory. */
  readonly tmpfs: readonly TmpfsMount[];
  /** Conditions that its node has to meet, in the Swarm's terms. */
  readonly constraints: readonly string[];
  /** Labels over whose values the Swarm spreads, for example `node.labels.zone`. @default {over all nodes} */
  readonly spread?: readonly string[];
  /** `host`, `bridge` for one of the node's own, or the name of an attachable network. */
  readonly network: string;
  /** Resource limits. A Swarm has no weight of processors. */
  readonly resources: ResourceLimits;
  /** How much of the output the node keeps. */
  readonly logs: LogLimits;
  /** `uid:gid` that its program begins as. */
  readonly user: string;
  /** Kernel capabilities to keep; all others are dropped. */
  readonly capabilities: readonly string[];
  /** Time between SIGTERM and SIGKILL, in seconds. */
  readonly graceSeconds: number;
}

/** A constraint that no node meets: a task with it is placed nowhere. */
export const NOWHERE = "node.id==berth-nowhere";

/**
 * Converts a specification into the body of the Swarm's create call.
 *
 * @param spec The specification.
 */
export function toServiceSpec(spec: SwarmContainerSpec): Record<string, unknown> {
  const { resources, logs, spread = [] } = spec;
  return {
    Name: spec.name,
    Labels: { ...spec.labels },
    TaskTemplate: {
      ContainerSpec: {
        Image: spec.image,
        Command: spec.command.slice(0, 1),
        Args: spec.command.slice(1),
        Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
        Labels: { ...spec.labels },
        User: spec.user,
        // Reaps zombies and passes signals on.
        Init: true,
        StopSignal: "SIGTERM",
        StopGracePeriod: spec.graceSeconds * 1e9,
        // Engines before version 26 ignore it; the supervisor sees to the same for the bot.
        Privileges: { NoNewPrivileges: true },
        CapabilityDrop: ["ALL"],
        CapabilityAdd: spec.capabilities.map((name) => `CAP_${name}`),
        Configs: spec.configs.map((file) => ({
          ConfigID: file.id,
          ConfigName: file.name,
          File: toFile(file),
        })),
        Secrets: spec.secrets.map((file) => ({
          SecretID: file.id,
          SecretName: file.name,
          File: toFile(file),
        })),
        Mounts: [
          ...spec.volumes.map(({ name, target }) => ({ Type: "volume", Source: name, Target: target })),
          ...spec.tmpfs.map(({ target, sizeBytes }) => ({
            Type: "tmpfs",
            Target: target,
            TmpfsOptions: { SizeBytes: sizeBytes, Mode: 0o1777 },
          })),
        ],
        Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }, ...fileLimit(resources)],
      },
      Resources: {
        Limits: {
          MemoryBytes: resources.memoryBytes,
          Pids: resources.pids,
          ...(resources.cpus !== undefined && { NanoCPUs: Math.round(resources.cpus * 1e9) }),
        },
      },
      // Berth decides when a bot is started again, and whether its earlier copy is certainly gone.
      RestartPolicy: { Condition: "none", MaxAttempts: 0 },
      ...(spec.network !== "bridge" && { Networks: [{ Target: spec.network }] }),
      LogDriver: {
        Name: "json-file",
        Options: { "max-size": String(logs.maxSizeBytes), "max-file": String(logs.maxFiles) },
      },
      Placement: {
        Constraints: [...spec.constraints],
        ...(spread.length > 0 && {
          Preferences: spread.map((label) => ({ Spread: { SpreadDescriptor: label } })),
        }),
      },
    },
    Mode: { Replicated: { Replicas: 1 } },
    UpdateConfig: { Parallelism: 0, Order: "stop-first", FailureAction: "continue" },
    EndpointSpec: { Mode: "dnsrr" },
  };
}

function toFile({ target, mode }: SwarmFile): Record<string, unknown> {
  return { Name: target, UID: "0", GID: "0", Mode: mode };
}

function fileLimit({ diskBytes, fileBytes = 0 }: ResourceLimits): Record<string, unknown>[] {
  if (diskBytes === undefined) return [];
  const bytes = Math.ceil(Math.max(diskBytes, fileBytes) * 1.125);
  return [{ Name: "fsize", Soft: bytes, Hard: bytes }];
}
