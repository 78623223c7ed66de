/**
 * Checks the form of a Docker Engine's answers: another program may listen at its address.
 *
 * @module
 */

// @ts-types="@types/dockerode"
import type Docker from "dockerode";

/** Whether an answer names a container. @param value The answer. */
export function hasId(
  value: unknown,
): value is { readonly Id: string; readonly Warnings?: readonly string[] | null } {
  return typeof (value as { Id?: unknown } | null)?.Id === "string";
}

/** Whether an answer is the inspection of a container. @param value The answer. */
export function hasInspection(value: unknown): value is Docker.ContainerInspectInfo {
  if (!hasId(value)) return false;
  const { State, Name, Config } = value as Partial<Docker.ContainerInspectInfo>;
  return typeof State?.Status === "string" && typeof Name === "string" && typeof Config === "object" &&
    Config !== null;
}

/** Whether an answer is the version of an engine. @param value The answer. */
export function isVersion(value: unknown): value is Docker.DockerVersion {
  return typeof (value as Partial<Docker.DockerVersion> | null)?.ApiVersion === "string";
}

/** Whether an answer describes an engine's host. @param value The answer. */
export function isInfo(
  value: unknown,
): value is {
  readonly MemTotal: number;
  readonly NCPU: number;
  readonly ID?: string;
  readonly Name?: string;
  readonly DockerRootDir?: string;
  readonly Driver?: string;
  readonly DriverStatus?: readonly (readonly string[])[] | null;
  readonly MemoryLimit?: boolean;
  readonly CPUShares?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly PidsLimit?: boolean;
} {
  return typeof (value as { MemTotal?: unknown } | null)?.MemTotal === "number";
}

/**
 * Names the storage of the containers' layers.
 *
 * @param info The engine's description of itself.
 */
export function storageOf(
  { Driver = "an unknown driver", DriverStatus }: {
    readonly Driver?: string;
    readonly DriverStatus?: readonly (readonly string[])[] | null;
  },
): string {
  const below = DriverStatus?.find(([name]) => name === "Backing Filesystem")?.[1];
  return below === undefined ? Driver : `${Driver} on ${below}`;
}

/** The engine's messages about each limit, by the setting. */
const ENFORCED = {
  memory_mb: "MemoryLimit",
  cpu_shares: "CPUShares",
  cpus: "CpuCfsQuota",
  pids: "PidsLimit",
} as const;

/**
 * Names the limits that the engine's kernel does not enforce. An engine that says nothing of a limit enforces it.
 *
 * @param info The engine's description of itself.
 */
export function unenforcedLimits(
  info: Readonly<Partial<Record<(typeof ENFORCED)[keyof typeof ENFORCED], boolean>>>,
): string[] {
  return Object.entries(ENFORCED).filter(([, field]) => info[field] === false).map(([setting]) => setting);
}

/** Whether an answer is a list of containers. @param value The answer. */
export function isList(value: unknown): value is Docker.ContainerInfo[] {
  return Array.isArray(value) &&
    value.every((entry) => typeof entry?.Id === "string" && typeof entry.State === "string");
}

/** Whether an answer describes an image. @param value The answer. */
export function isImage(
  value: unknown,
): value is {
  readonly Id: string;
  readonly Os: string;
  readonly Architecture: string;
  readonly Variant?: string;
  readonly RepoDigests?: readonly string[] | null;
  readonly Config?: {
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
  } | null;
} {
  if (!hasId(value)) return false;
  const { Os, Architecture } = value as { readonly Os?: unknown; readonly Architecture?: unknown };
  return typeof Os === "string" && typeof Architecture === "string";
}

/** Whether an answer describes an image in a registry. @param value The answer. */
export function isDistribution(
  value: unknown,
): value is {
  readonly Descriptor: { readonly digest: string };
  readonly Platforms?: readonly { readonly os: string; readonly architecture: string }[] | null;
} {
  const { Descriptor } = (value ?? {}) as { readonly Descriptor?: { readonly digest?: unknown } };
  return typeof Descriptor?.digest === "string";
}
