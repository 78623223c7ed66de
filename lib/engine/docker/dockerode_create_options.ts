/**
 * Converts the specification of a container into the Docker Engine's form.
 *
 * @module
 */

// @ts-types="@types/dockerode"
import type Docker from "dockerode";
import type { BindMount, ContainerSpec, OverlayMount, ResourceLimits } from "../container_spec.ts";

/**
 * Converts a specification into the body of the engine's create call.
 *
 * @param spec The specification.
 * @param layerBytes Limit of the container's own layer in bytes, for an engine that can limit it.
 * @returns The body of the engine's create call.
 */
export function toCreateOptions(spec: ContainerSpec, layerBytes?: number): Docker.ContainerCreateOptions {
  return {
    Image: spec.image,
    // Sets both or none, so that they fit each other.
    ...(spec.command.length > 0 && { Entrypoint: spec.command.slice(0, 1), Cmd: spec.command.slice(1) }),
    Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
    Labels: { ...spec.labels },
    User: spec.security.user,
    ...(spec.workingDir !== undefined && { WorkingDir: spec.workingDir }),
    StopSignal: "SIGTERM",
    Tty: false,
    OpenStdin: false,
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    HostConfig: {
      ...toHostConfig(spec),
      ...(layerBytes !== undefined && { StorageOpt: { size: String(layerBytes) } }),
    },
  };
}

function toHostConfig({ resources, security, logs, ...spec }: ContainerSpec): Docker.HostConfig {
  return {
    Mounts: [
      ...spec.binds.map(toMount),
      ...(spec.overlays ?? []).map((view) => toOverlay(view, spec.labels)),
    ],
    Tmpfs: Object.fromEntries(spec.tmpfs.map(({ target, sizeBytes }) => [
      target,
      `rw,noexec,nosuid,nodev,mode=1777,size=${sizeBytes}`,
    ])),
    ...(spec.readOnlyRoot && { ReadonlyRootfs: true }),
    NetworkMode: spec.network,
    ExtraHosts: Object.entries(spec.hosts).map(([name, address]) => `${name}:${address}`),
    AutoRemove: spec.autoRemove,
    Memory: resources.memoryBytes,
    // The sum of memory and swap, so the same number means no swap.
    MemorySwap: resources.memoryBytes,
    CpuShares: resources.cpuShares,
    ...(resources.cpus !== undefined && { NanoCpus: Math.round(resources.cpus * 1e9) }),
    PidsLimit: resources.pids,
    // No core dumps: the host decides where they go, often to one of its folders without a limit.
    Ulimits: [{ Name: "core", Soft: 0, Hard: 0 }, ...fileLimit(resources)],
    // The init process reaps zombies and passes signals on.
    Init: true,
    CapDrop: ["ALL"],
    CapAdd: [...security.capabilities],
    SecurityOpt: security.allowNewPrivileges ? [] : ["no-new-privileges"],
    RestartPolicy: { Name: "no" },
    LogConfig: {
      Type: "json-file",
      Config: { "max-size": String(logs.maxSizeBytes), "max-file": String(logs.maxFiles) },
    },
  };
}

/**
 * Limits the size of one file to slightly more than the limit of all files together, even if nobody checks the sizes. The
 * margin lets a container with one such file exceed its disk limit, so that the excess is noticed.
 */
function fileLimit({ diskBytes, fileBytes = 0 }: ResourceLimits): Docker.Ulimit[] {
  if (diskBytes === undefined) return [];
  const bytes = Math.ceil(Math.max(diskBytes, fileBytes) * 1.125);
  return [{ Name: "fsize", Soft: bytes, Hard: bytes }];
}

/** Uses a mount instead of a bind string, with which the engine would create a missing source as a folder of root. */
function toMount({ source, target, readOnly }: BindMount): Docker.MountSettings {
  return { Type: "bind", Source: source, Target: target, ReadOnly: readOnly ?? false };
}

/** An anonymous volume disappears with its container. Its labels tell whose it is if the container was removed without it. */
function toOverlay(
  { lower, upper, work, target }: OverlayMount,
  labels: Readonly<Record<string, string>>,
): Docker.MountSettings {
  const o = `lowerdir=${lower.join(":")},upperdir=${upper},workdir=${work}`;
  return {
    Type: "volume",
    Source: "",
    Target: target,
    VolumeOptions: {
      NoCopy: true,
      Labels: { ...labels },
      DriverConfig: { Name: "local", Options: { type: "overlay", device: "overlay", o } },
    },
  };
}
