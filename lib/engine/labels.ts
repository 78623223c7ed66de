/**
 * The labels that Berth puts on its containers. `runtime.*` belong to the outside contract.
 *
 * @module
 */

/** Purpose of a container: a bot, a scheduled run or a backtest. */
export type ContainerKind = "bot" | "run" | "backtest";

/** Keys of the labels. */
export const LABEL = {
  /** Id of the bot. */
  id: "runtime.id",
  /** File name of the script. */
  entrypoint: "runtime.entrypoint",
  /** `true` on every container that a runner starts. */
  managed: "runtime.managed",
  /** Segment number. */
  segment: "runtime.segment",
  /** Name of its Berth: two on one engine never touch each other's containers. */
  instance: "berth.instance",
  /** Identity of its document store; absent if an earlier version of Berth or a program without a store started it. */
  store: "berth.store",
  /** Purpose, see {@linkcode ContainerKind}. */
  kind: "berth.kind",
  /** Hash of everything that shapes the container. */
  specHash: "berth.spec-hash",
  /** Hashes of the parts of that specification. */
  specParts: "berth.spec-parts",
  /** Number of starts in a row, this one included. */
  attempt: "berth.attempt",
  /** Name of its workspace; on a cluster the id of its work order. */
  folder: "berth.folder",
  /** On a cluster, the number under which it took its lease. */
  epoch: "berth.epoch",
  /** SHA-256 of the archive of its code. */
  code: "berth.code",
  /** User id that it runs as. */
  uid: "berth.uid",
  /** References of its secrets by name, as JSON; never a value. Absent if it has none. */
  secrets: "berth.secrets",
  /** Slot of a scheduled run. */
  slot: "berth.slot",
  /** Interval between two writes of its log in seconds, if it differs from the configured one. */
  logInterval: "berth.log-interval",
  /** Bytes that it may write to disk, if its bot has a limit of its own. */
  diskLimit: "berth.disk-limit",
  /** Settings of its state as JSON, if its state is kept. */
  state: "berth.state",
} as const;

/** Returns the purpose of a container. One without the label is a bot. @param labels Its labels. */
export function kindOf(labels: Readonly<Record<string, string>>): ContainerKind {
  return (labels[LABEL.kind] ?? "bot") as ContainerKind;
}
