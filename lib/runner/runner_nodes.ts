/**
 * The port to the nodes of a cluster.
 *
 * @module
 */

/** Options of a call. */
export interface NodeCallOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/**
 * Whether a node takes new containers. `pause`: none, and those that run go on. `drain`: none, and the cluster ends those
 * that run.
 */
export type NodeAvailability = "active" | "pause" | "drain";

/** A node, with what the runner's containers on it may use. */
export interface RunnerNode {
  /** Its id. */
  readonly id: string;
  /** Name of its host. Nothing keeps two nodes from having the same. */
  readonly name: string;
  /** Its address, if the cluster knows it. */
  readonly address?: string;
  /** Whether it takes part in managing the cluster. */
  readonly role: "manager" | "worker";
  /** Whether it leads the managers. */
  readonly isLeader: boolean;
  /** Its state in the cluster's words: `ready`, `down`, `disconnected` or `unknown`. */
  readonly state: string;
  /** Why it is in this state, if the cluster says so. */
  readonly message?: string;
  /** Whether it takes new containers. */
  readonly availability: NodeAvailability;
  /** Version of its engine. */
  readonly engine?: string;
  /** Its labels, as `node.labels.NAME` in conditions. */
  readonly labels: Readonly<Record<string, string>>;
  /** Its memory in bytes. */
  readonly memoryBytes?: number;
  /** Its processors. */
  readonly cpus?: number;
  /** Ids of the bots on it, in order. */
  readonly bots: readonly string[];
  /** Number of runs of schedules, and backtests, on it. */
  readonly runs: number;
  /** Sum of the memory limits of these containers, in bytes. */
  readonly memoryLimitBytes: number;
  /** Sum of the processor limits of these containers; those without a limit are left out. */
  readonly cpuLimit: number;
}

/** The nodes of a cluster. Every method rejects with `EngineUnavailableError` if no manager answers. */
export interface RunnerNodes {
  /** Lists the nodes, in the order of their names. */
  list(options?: NodeCallOptions): Promise<RunnerNode[]>;
  /**
   * Sets whether a node takes new containers.
   *
   * @param id Id of the node.
   * @param availability The new value.
   * @returns False if there is no such node.
   */
  setAvailability(id: string, availability: NodeAvailability, options?: NodeCallOptions): Promise<boolean>;
}
