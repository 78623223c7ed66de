/**
 * The parts of a Swarm's answers that Berth reads, and checks of their form.
 *
 * @module
 */

/** A service. */
export interface SwarmService {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly CreatedAt: string;
  readonly Spec: {
    readonly Name: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
    readonly TaskTemplate: {
      readonly ContainerSpec?: {
        readonly Image?: string;
        /** In ns. */
        readonly StopGracePeriod?: number;
        readonly Secrets?: readonly { readonly SecretName: string }[] | null;
      };
      readonly Resources?: {
        readonly Limits?: { readonly MemoryBytes?: number; readonly NanoCPUs?: number };
      };
      readonly Placement?: object;
    };
  };
}

/** A task: one container of a service. */
export interface SwarmTask {
  readonly ID: string;
  readonly CreatedAt: string;
  readonly ServiceID: string;
  readonly NodeID?: string;
  readonly DesiredState: string;
  readonly Status: {
    readonly Timestamp: string;
    readonly State: string;
    readonly Message?: string;
    readonly Err?: string;
    readonly ContainerStatus?: { readonly ContainerID?: string; readonly ExitCode?: number };
  };
}

/** A node. */
export interface SwarmNode {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: {
    readonly Role: "manager" | "worker";
    readonly Availability: "active" | "pause" | "drain";
    readonly Labels?: Readonly<Record<string, string>> | null;
  };
  readonly Description?: {
    readonly Hostname?: string;
    readonly Platform?: { readonly OS?: string; readonly Architecture?: string };
    readonly Resources?: { readonly NanoCPUs?: number; readonly MemoryBytes?: number };
    readonly Engine?: {
      readonly EngineVersion?: string;
      readonly Labels?: Readonly<Record<string, string>> | null;
    };
  };
  readonly Status: { readonly State: string; readonly Message?: string; readonly Addr?: string };
  readonly ManagerStatus?: { readonly Leader?: boolean; readonly Reachability?: string };
}

/** A config or secret. */
export interface SwarmObject {
  readonly ID: string;
  readonly CreatedAt: string;
  readonly Spec: { readonly Name: string; readonly Labels?: Readonly<Record<string, string>> | null };
}

/** Whether an answer is a service. @param value The answer. */
export function isService(value: unknown): value is SwarmService {
  const { ID, Spec, Version } = (value ?? {}) as Partial<SwarmService>;
  return typeof ID === "string" && typeof Spec?.Name === "string" && typeof Version?.Index === "number";
}

/** Whether an answer is a list of services. @param value The answer. */
export function isServiceList(value: unknown): value is SwarmService[] {
  return Array.isArray(value) && value.every(isService);
}

/** Whether an answer is a list of tasks. @param value The answer. */
export function isTaskList(value: unknown): value is SwarmTask[] {
  return Array.isArray(value) &&
    value.every((task: Partial<SwarmTask> | null) =>
      typeof task?.ID === "string" && typeof task.ServiceID === "string" &&
      typeof task.Status?.State === "string"
    );
}

/** Whether an answer is a list of nodes. @param value The answer. */
export function isNodeList(value: unknown): value is SwarmNode[] {
  return Array.isArray(value) &&
    value.every((node: Partial<SwarmNode> | null) =>
      typeof node?.ID === "string" && typeof node.Status?.State === "string" && typeof node.Spec === "object"
    );
}

/** Whether an answer is a list of configs or secrets. @param value The answer. */
export function isObjectList(value: unknown): value is SwarmObject[] {
  return Array.isArray(value) &&
    value.every((object: Partial<SwarmObject> | null) =>
      typeof object?.ID === "string" && typeof object.Spec?.Name === "string"
    );
}

/** Whether an answer has an id, in the Swarm's spelling. @param value The answer. */
export function hasSwarmId(value: unknown): value is { readonly ID: string } {
  return typeof (value as { ID?: unknown } | null)?.ID === "string";
}

/** Whether an answer describes a Swarm. @param value The answer. */
export function isSwarm(value: unknown): value is { readonly ID: string } {
  return hasSwarmId(value);
}
