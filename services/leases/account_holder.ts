/**
 * The holder of an account, as it is stored with the lease.
 *
 * @module
 */

/** A bot or a run. */
export interface AccountHolder {
  /** Whether it is a bot, or a run of a schedule. */
  readonly kind: "bot" | "run";
  /** Id of the bot, or of the run's record. */
  readonly id: string;
  /** Key of the lease that its container lives by on a cluster. It is not stored. @default {it needs none} */
  readonly lease?: string;
}

/** The service that looks after a holder. */
export interface AccountKeeper {
  /** Segment of its bots, or `ALL_SEGMENTS`. */
  readonly segment: number;
  /** Name of its instance. */
  readonly instance: string;
}

/** Names a holder for the database. @param holder The holder. */
export function ownerOf({ kind, id }: AccountHolder): string {
  return `${kind}/${id}`;
}

/** Names a holder for people. @param holder The holder. */
export function describeHolder({ kind, id }: AccountHolder): string {
  return `${kind} ${id}`;
}

/**
 * Writes what a lease says of its holder.
 *
 * @param holder The holder.
 * @param keeper The service that looks after it.
 */
export function writeAbout({ kind, id }: AccountHolder, { segment, instance }: AccountKeeper): string {
  return JSON.stringify({ kind, id, segment, instance });
}

/**
 * Reads what a lease says of its holder.
 *
 * @param about A text that {@linkcode writeAbout} made.
 */
export function readAbout(
  about: string,
): { readonly holder: AccountHolder; readonly keeper: AccountKeeper } {
  const { kind, id, segment, instance } = JSON.parse(about);
  return { holder: { kind, id }, keeper: { segment, instance } };
}
