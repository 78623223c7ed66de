/**
 * The labels that Berth puts on its containers. `runtime.*` belong to the outside contract.
 *
 * @module
 */

/** What a container is for. */
export type ContainerKind = "bot" | "run" | "backtest";

/** Keys of the labels. */
export const LABEL = {
  /** Id of the bot. */
  id: "runtime.id",
  /** File name of the script. */
  entrypoint: "runtime.entrypoint",
  /** `true` on every container of a runner. */
  managed: "runtime.managed",
  /** Segment number. */
  segment: "runtime.segment",
  /** Which Berth it belongs to: two on one engine never touch each other's containers. */
  instance: "berth.instance",
  /** Identity of the document store that it comes from; absent where an earlier version or a library made it. */
  store: "berth.store",
  /** What it is for. */
  kind: "berth.kind",
  /** Hash of everything that shapes the container. */
  specHash: "berth.spec-hash",
  /** How many starts in a row there were, this one included. */
  attempt: "berth.attempt",
  /** Name of its workspace. */
  folder: "berth.folder",
  /** SHA-256 of the archive of its code. */
  code: "berth.code",
  /** User id that it runs as. */
  uid: "berth.uid",
  /** Which run of a schedule it is. */
  slot: "berth.slot",
  /** Seconds between two writes of its log, where they differ from the configuration's. */
  logInterval: "berth.log-interval",
} as const;
