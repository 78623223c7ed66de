/**
 * The port to work orders: what the supervisor in a container needs to know to run its bot there.
 *
 * @module
 */

import type { ContainerKind } from "../engine/labels.ts";
import type { BuiltArchive } from "../executable/code_dependencies.ts";
import type { Executable } from "../executable/executable.ts";
import type { FileOwner } from "../util/files.ts";
import type { HeldLease } from "./cluster_leases.ts";

/** The code of a bot, as its archive was checked. */
export interface OrderedCode extends BuiltArchive {
  /** Path of the script in the archive; absent if the executable names none. */
  readonly script?: string;
  /** Path of the loader that its program needs in the image. */
  readonly loader?: string;
}

/** Program of an image, for an executable of the runtime `image` without a command of its own. */
export interface OrderedProgram {
  /** Entrypoint and command of the image. */
  readonly command: readonly string[];
}

/** One start of a bot, run or backtest on a cluster. It never changes, and holds neither secrets nor addresses. */
export interface WorkOrder {
  /** Its id: see {@linkcode newOrderId}. Every start has its own. */
  readonly id: string;
  /** Purpose of the container. */
  readonly kind: ContainerKind;
  /** The program to run. */
  readonly executable: Executable;
  /** Hash of everything that shapes the container. */
  readonly specHash: string;
  /** The lease that the bot lives by. */
  readonly lease: HeldLease;
  /** Whether the bot ends when its lease cannot be renewed: `relaxed` has it run twice rather than not at all. */
  readonly leaseMode: "strict" | "relaxed";
  /** User that the bot runs as. */
  readonly user: FileOwner;
  /** Reference of the image. @default {nobody knows: an earlier version of Berth gave the order} */
  readonly image?: string;
  /** The code. */
  readonly code: OrderedCode;
  /** Program of the image, for the runtime `image` alone. */
  readonly program?: OrderedProgram;
  /** Environment variables besides those that follow from the executable, for example `SLOT`. @default {none} */
  readonly env?: Readonly<Record<string, string>>;
  /** Processes that the bot may have at once. @default {as many as its container} */
  readonly pids?: number;
  /** Time between SIGTERM and SIGKILL at a stop, in seconds. */
  readonly graceSeconds: number;
  /** When it was given: RFC 3339 in UTC. */
  readonly givenAt: string;
}

/** Options of a call. */
export interface OrderCallOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal;
}

/** The work orders. Every method rejects with `StoreUnavailableError` if the database does not answer. */
export interface WorkOrders {
  /**
   * Stores an order. The same again changes nothing.
   *
   * @param order The order.
   * @returns The token with which one supervisor can take the order up, once. Keep it secret.
   */
  put(order: WorkOrder, options?: OrderCallOptions): Promise<string>;
  /** Reads an order; `undefined` if there is none. @param id Its id. */
  get(id: string, options?: OrderCallOptions): Promise<WorkOrder | undefined>;
  /** Removes an order with everything that its supervisor reported. Does nothing if there is none. @param id Its id. */
  remove(id: string, options?: OrderCallOptions): Promise<void>;
  /** Lists the ids of all orders. */
  list(options?: OrderCallOptions): Promise<string[]>;
}

/** Makes the id of a new order, which nobody can guess: 32 hexadecimal digits. */
export function newOrderId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
