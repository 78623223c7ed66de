/**
 * Knows on which node the newest state of each bot is, and the snapshots with which it goes to another one.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import type { WorkOrder } from "../../lib/cluster/work_orders.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import type { Snapshot } from "../../lib/state/snapshot.ts";
import { archiveKeyOf, snapshotName } from "../../lib/state/snapshot_name.ts";
import type { SnapshotStore } from "../../lib/state/snapshot_store.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { ApiProblem } from "../api/api_problem.ts";
import type { RecordStore } from "../records/record_store.ts";
import { addressesOf, type ObjectPlace } from "./order_objects.ts";

const STATES = "supervisor_states";
/** A name that was given earlier than this is not taken any more, in ms. */
const NAME_MS = 60 * 60_000;

/** Where the newest state of a bot is. */
interface StatePlace {
  /** Name of its folder on every node, which other bots cannot guess. */
  readonly folder: string;
  /** Order of the last start that had the state. */
  readonly mark?: string;
  /** Node of that start. */
  readonly node?: string;
}

/** Parts of {@linkcode CarriedStates}. */
export interface CarriedStatesParts {
  /** The database. */
  readonly records: RecordStore;
  /** The object store. */
  readonly store: ObjectStore;
  /** The snapshots. */
  readonly snapshots: SnapshotStore;
  /** Bucket of the snapshots. */
  readonly bucket: string;
  /** The clock. */
  readonly clock: Clock;
}

/** Facts that a supervisor knows of a snapshot. */
export type SnapshotFacts = Omit<Snapshot, "bot" | "name" | "at" | "version">;

/** The states of the bots of a cluster. */
export class CarriedStates {
  readonly #parts: CarriedStatesParts;

  /** @param parts See {@linkcode CarriedStatesParts}. */
  constructor(parts: CarriedStatesParts) {
    this.#parts = parts;
  }

  /**
   * Tells a supervisor what to do about the state.
   *
   * @param order Its order.
   * @returns Settings for the supervisor; `undefined` if the program keeps no state.
   */
  async settings(order: WorkOrder, signal: AbortSignal): Promise<Record<string, unknown> | undefined> {
    const { executable: { id, state }, kind } = order;
    if (!state || kind === "backtest") return undefined;
    const { store, snapshots, clock } = this.#parts;
    const { folder, mark, node } = await this.#place(id);
    const [newest] = await snapshots.list(id, { signal });
    return {
      folder,
      bot: id,
      version: order.executable.version,
      maxBytes: state.maxBytes,
      everyMs: state.everySeconds * 1000,
      mark: order.id,
      ...(mark !== undefined && { last: { mark, node } }),
      follows: state.follow !== false,
      ...(newest && {
        snapshot: {
          name: newest.name,
          at: newest.at,
          ageMs: clock.now() - Date.parse(newest.at),
          bytes: newest.bytes,
          archiveBytes: newest.archiveBytes,
          sha256: newest.sha256,
          urls: await addressesOf(store, `snapshots/${newest.name}`, this.placeOf(id, newest.name)),
        },
      }),
    };
  }

  /** Says on which node the newest state of a bot is. @param id Id of the bot. */
  async nodeOf(id: string, options: { readonly signal?: AbortSignal } = {}): Promise<string | undefined> {
    return (await this.#parts.records.get(STATES, id, options))?.value.node as string | undefined;
  }

  /** Records that a start has the state from now on. @param order Its order. @param node Its node. */
  async begun({ id: mark, executable: { id } }: WorkOrder, node: string): Promise<void> {
    const { records } = this.#parts;
    while (true) {
      const place = await this.#place(id);
      if (place.mark === mark) return;
      const record = await records.get(STATES, id);
      if (record && await records.replace(STATES, id, record.revision, { ...place, mark, node })) return;
    }
  }

  /** Names a snapshot that a supervisor is about to store. @returns Its name, and where to store its archive. */
  async open({ executable: { id } }: WorkOrder): Promise<{ readonly name: string; readonly urls: string[] }> {
    const { store, bucket, clock } = this.#parts;
    await store.ensureBucket(bucket);
    const name = snapshotName(new Date(clock.now()));
    return { name, urls: await addressesOf(store, `snapshots/${name}`, this.placeOf(id, name), "PUT") };
  }

  /**
   * Makes a stored archive a snapshot.
   *
   * @param order The order of the supervisor that stored it.
   * @param name Its name.
   * @param facts What the supervisor knows of it.
   * @throws {ApiProblem} 409 if no such archive is stored.
   */
  async close(
    { executable: { id, version, state } }: WorkOrder,
    name: string,
    facts: SnapshotFacts,
  ): Promise<void> {
    const { store, snapshots, clock } = this.#parts;
    this.checkName(name);
    const { bucket, key } = this.placeOf(id, name);
    const stored = await store.stat(bucket, key);
    if (stored?.size !== facts.archiveBytes) {
      const found = stored ? `has ${stored.size} bytes, not ${facts.archiveBytes}` : "is not there";
      throw new ApiProblem(409, "supervisor/snapshot", `The archive of snapshot ${name} ${found}.`);
    }
    await snapshots.describe({ bot: id, name, at: timeOf(name), version, ...facts });
    await snapshots.prune(id, state!.keep, clock.now());
  }

  /** Checks that a name was given a short time ago. @throws {ApiProblem} 409 if not. */
  checkName(name: string): void {
    const age = this.#parts.clock.now() - Date.parse(timeOf(name));
    if (Math.abs(age) < NAME_MS) return;
    throw new ApiProblem(409, "supervisor/snapshot", `The name ${name} was not given within the last hour.`);
  }

  /** Says where the archive of a snapshot is. @param id Id of the bot. @param name Name of the snapshot. */
  placeOf(id: string, name: string): ObjectPlace {
    return { bucket: this.#parts.bucket, key: archiveKeyOf(id, name) };
  }

  async #place(id: string): Promise<StatePlace> {
    const { records } = this.#parts;
    const place: StatePlace = { folder: randomBytes(16).toString("hex") };
    if (await records.insert(STATES, id, { ...place })) return place;
    return (await records.get(STATES, id))!.value as unknown as StatePlace;
  }
}

/** The time that a snapshot is named after. */
function timeOf(name: string): string {
  return name.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/, "$1-$2-$3T$4:$5:$6.$7Z");
}
