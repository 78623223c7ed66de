/**
 * What a container is to be, in Berth's own words. Built by `ContainerBuilder`, carried out by a
 * `ContainerOrchestrator`.
 *
 * @module
 */

/** A folder of the host that the container sees. */
export interface BindMount {
  /** Absolute path on the host. */
  readonly source: string;
  /** Absolute path in the container. */
  readonly target: string;
  /**
   * Whether the container may only read it.
   *
   * @default {false}
   */
  readonly readOnly?: boolean;
}

/** A folder that is kept in memory, and gone with the container. It counts as memory of the container. */
export interface TmpfsMount {
  /** Absolute path in the container. Everybody in there may write to it. */
  readonly target: string;
  /** Most bytes that it holds. */
  readonly sizeBytes: number;
}

/**
 * A view of folders of the host that several containers share: what a container writes, changes or deletes is in a
 * folder of its own. Needs an engine that can mount such views.
 */
export interface OverlayMount {
  /** Absolute paths of the shared folders; where two have the same name, the first counts. */
  readonly lower: readonly string[];
  /** Absolute path of the folder that takes the changes. Its owner and mode are those of the view. */
  readonly upper: string;
  /** Absolute path of an empty folder that the kernel works in, on the file system of `upper`. */
  readonly work: string;
  /** Absolute path in the container. */
  readonly target: string;
}

/** What a container may use. */
export interface ResourceLimits {
  /** Memory in bytes, swap included. */
  readonly memoryBytes: number;
  /** Relative weight on a busy processor; 1024 is the engine's default. */
  readonly cpuShares: number;
  /** Processes and threads. */
  readonly pids: number;
}

/** How the engine keeps what a container prints. */
export interface LogLimits {
  /** Size of one file in bytes. */
  readonly maxSizeBytes: number;
  /** How many files. */
  readonly maxFiles: number;
}

/** How far a container is closed off. */
export interface SecuritySettings {
  /** `uid:gid` that the processes run as. */
  readonly user: string;
  /** Kernel capabilities that are kept; all others are dropped. */
  readonly capabilities: readonly string[];
  /** Whether a program may gain privileges by setuid bits. */
  readonly allowNewPrivileges: boolean;
}

/** What a container is to be. */
export interface ContainerSpec {
  /** Its name on the engine. */
  readonly name: string;
  /** Reference of its image. */
  readonly image: string;
  /** Program and arguments; replaces entrypoint and command of the image. */
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
  /** Folder in which the program starts. */
  readonly workingDir: string;
  /** Name of the network, for example `host`, `bridge` or `none`. */
  readonly network: string;
  /**
   * Names that resolve in the container beside those of the network: name to address. `host-gateway` stands for the
   * address at which the host is reached.
   */
  readonly hosts: Readonly<Record<string, string>>;
  /** What it may use. */
  readonly resources: ResourceLimits;
  /** How its output is kept. */
  readonly logs: LogLimits;
  /** How far it is closed off. */
  readonly security: SecuritySettings;
  /** Whether the engine removes it at its exit. Berth does that itself: it must read logs and exit code first. */
  readonly autoRemove: boolean;
}
