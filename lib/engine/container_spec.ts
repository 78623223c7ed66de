/**
 * Specification of a container in Berth's own terms. `ContainerBuilder` builds it, a `ContainerOrchestrator` runs it.
 *
 * @module
 */

/** A folder of the host that is mounted into the container. */
export interface BindMount {
  /** Absolute path on the host. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  /** Whether the container may only read it. @default {false} */
  readonly readOnly?: boolean;
}

/** A folder in memory that disappears with the container and counts toward its memory limit. */
export interface TmpfsMount {
  /** Absolute path in the container. Every user in the container may write to it. */
  readonly target: string;
  /** Capacity in bytes. */
  readonly sizeBytes: number;
}

/**
 * A view of host folders that several containers share (overlayfs). Everything that a container writes, changes or
 * deletes goes to a folder of its own. Not every engine can mount such views.
 */
export interface OverlayMount {
  /** Absolute paths of the shared folders; if two contain the same path, the first wins. */
  readonly lower: readonly string[];
  /** Absolute path of the folder that takes the changes. The view has its owner and mode. */
  readonly upper: string;
  /** Absolute path of an empty folder for the kernel's use, on the file system of `upper`. */
  readonly work: string;
  /** Absolute path in the container. */
  readonly target: string;
}

/** Resource limits of a container. */
export interface ResourceLimits {
  /** Memory in bytes, swap included. */
  readonly memoryBytes: number;
  /** Relative weight on a busy processor; 1024 is the engine's default. */
  readonly cpuShares: number;
  /** Most processors that the container may use, for example 0.5. @default {all} */
  readonly cpus?: number;
  /** Number of processes and threads. */
  readonly pids: number;
  /**
   * Most bytes that the container may write into its own layer, where the engine can bound that, and into any one
   * file.
   *
   * @default {no bound}
   */
  readonly diskBytes?: number;
  /** Bytes that any one file may have, if that is more than `diskBytes`. @default {as `diskBytes`} */
  readonly fileBytes?: number;
}

/** How much of a container's output the engine keeps. */
export interface LogLimits {
  /** Size of one file in bytes. */
  readonly maxSizeBytes: number;
  /** Number of files. */
  readonly maxFiles: number;
}

/** User and privileges of the processes in a container. */
export interface SecuritySettings {
  /** `uid:gid` that the processes run as. */
  readonly user: string;
  /** Kernel capabilities to keep; all others are dropped. */
  readonly capabilities: readonly string[];
  /** Whether a program may gain privileges by setuid bits. */
  readonly allowNewPrivileges: boolean;
}

/** Specification of a container. */
export interface ContainerSpec {
  /** Name on the engine. */
  readonly name: string;
  /** Reference of its image. */
  readonly image: string;
  /** Program and arguments; replaces entrypoint and command of the image, unless it is empty. */
  readonly command: readonly string[];
  /** Environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** Folders of the host. */
  readonly binds: readonly BindMount[];
  /** Folders in memory. */
  readonly tmpfs: readonly TmpfsMount[];
  /** Views of shared folders. @default {none} */
  readonly overlays?: readonly OverlayMount[];
  /** Whether the program may write only to its mounts. @default {false} */
  readonly readOnlyRoot?: boolean;
  /** Folder in which the program starts. @default {the image's own} */
  readonly workingDir?: string;
  /** Name of the network, for example `host`, `bridge` or `none`. */
  readonly network: string;
  /**
   * Host names to add inside the container, with their addresses. `host-gateway` stands for the address of the host as
   * the container sees it.
   */
  readonly hosts: Readonly<Record<string, string>>;
  /** Resource limits. */
  readonly resources: ResourceLimits;
  /** How much of the output the engine keeps. */
  readonly logs: LogLimits;
  /** User and privileges. */
  readonly security: SecuritySettings;
  /** Whether the engine removes it at its exit. Berth removes it itself, after it has read log and exit code. */
  readonly autoRemove: boolean;
}
