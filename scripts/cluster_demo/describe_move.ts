/**
 * The move of a bot in plain words.
 *
 * @module
 */

import type { Tick } from "./bot_watch.ts";

/** A bot that has come back on another node. */
export interface Move {
  /** Its id. */
  readonly id: string;
  /** The node that was lost. */
  readonly from: string;
  /** The node that it runs on. */
  readonly to: string;
  /** The last count of the copy that was lost. */
  readonly last: Tick;
  /** The first count of the copy that took its place. */
  readonly first: Tick;
  /** `LEASE_SECONDS`. */
  readonly leaseSeconds: number;
}

/**
 * Describes a move.
 *
 * @param move The move.
 * @returns Lines.
 * @throws {Error} If it went wrong: the bot has lost its state, or two copies ran at a time.
 */
export function describeMove({ id, from, to, last, first, leaseSeconds }: Move): string[] {
  if (first.count <= 1) throw new Error(`${id} has lost its state: it began at ${first.count} on ${to}`);
  if (first.at <= last.at) throw new Error(`Two copies of ${id} ran at a time, on ${from} and on ${to}`);
  const seconds = ((first.at - last.at) / 1000).toFixed(1);
  const lost = last.count - first.count + 1;
  return [
    `Away:   ${seconds} s, from the last count on ${from} to the first on ${to}.`,
    `Epoch:  LEASE_EPOCH ${last.epoch} on ${from}, ${first.epoch} on ${to}. At most one copy lived at a time: the second`,
    `        waited until the lease of the first (LEASE_SECONDS=${leaseSeconds}) had certainly expired.`,
    `State:  it went on with ${first.count}, after the ${first.count - 1} of its last snapshot. ` +
    (lost > 0
      ? `Everything that it wrote since went with ${from}: ${lost} ${lost === 1 ? "count" : "counts"}.`
      : "Nothing was lost."),
    "Time:   the Swarm knows of the loss after three heartbeats, here of 2 s. The lease has certainly expired 1.1 times its",
    "        length and a second after Berth saw its last renewal. With the defaults, heartbeats of 5 s and",
    "        LEASE_SECONDS=30, a move takes about 39 s.",
  ];
}
