/**
 * Knows on which node the newest state of each bot is, and the snapshots with which it goes to another one.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import type { NewestState } from "../../lib/cluster/supervisor_link.ts";
import type { WorkOrder } from "../../lib/cluster/work_orders.ts";
import type { EngineCallOptions } from "../../lib/engine/container_orchestrator.ts";
import type { ObjectStore } from "../../lib/objects/object_store.ts";
import type { Snapshot } from "../../lib/state/snapshot.ts";
import { archiveKeyOf, snapshotName } from "../../lib/state/snapshot_name.ts";
import type { SnapshotStore } from "../../lib/state/snapshot_store.ts";
import type { Clock } from "../../lib/util/clock.ts";
import { ApiProblem } from "../api/api_problem.ts";
import type { RecordStore } from "../records/record_store.ts";
import { addressesOf, type ObjectPlace } from "./order_objects.ts";

const STATES = "supervisor_states";
/** Age from which the name of a snapshot is no longer accepted, in ms. */
const NAME_MS = 60 * 60_000;

/** Where the newest state of a bot is. */
export interface StatePlace {
  /** Name of its folder on every node, which other bots cannot guess. */
  readonly folder: string;
  /** Order of the last start that had the state. */
  readonly mark?: string;
  /** Node of that start. */
  readonly node?: string;
  /** Order of the last start that has stored its state at its end. */
  readonly stored?: string;
  /** Size that it may have, in bytes. */
  readonly maxBytes?: number;
  /** The state that the next start has to begin with: a snapshot, or an empty one. */
  readonly restore?: { readonly id: string; readonly snapshot?: string };
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

/** Facts that a supervisor knows about a snapshot. */
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
   * @throws {ApiProblem} 424 if the snapshot that it has to begin with is gone: it must not begin with an empty state.
   */
  async settings(order: WorkOrder, signal: AbortSignal): Promise<Record<string, unknown> | undefined> {
    const { executable: { id, state }, kind } = order;
    if (!state || kind === "backtest") return undefined;
    const { store, snapshots, clock } = this.#parts;
    const { folder, mark, node, restore } = await this.place(id);
    const stored = await snapshots.list(id, { signal });
    const chosen = restore ? stored.find(({ name }) => name === restore.snapshot) : stored[0];
    if (restore?.snapshot !== undefined && !chosen) throw missingSnapshot(id, restore.snapshot);
    return {
      folder,
      bot: id,
      version: order.executable.version,
      maxBytes: state.maxBytes,
      everyMs: state.everySeconds * 1000,
      mark: order.id,
      ...(mark !== undefined && { last: { mark, node } }),
      follows: state.follow !== false,
      ...(restore && { restore: restore.id }),
      ...(chosen && {
        snapshot: {
          name: chosen.name,
          at: chosen.at,
          ageMs: clock.now() - Date.parse(chosen.at),
          bytes: chosen.bytes,
          archiveBytes: chosen.archiveBytes,
          sha256: chosen.sha256,
          urls: await addressesOf(store, `snapshots/${chosen.name}`, this.placeOf(id, chosen.name)),
        },
      }),
    };
  }

  /** Says where the newest state of a bot is; `undefined` if it has none. @param id Id of the bot. */
  async newest(id: string, options: EngineCallOptions = {}): Promise<NewestState | undefined> {
    const place = (await this.#parts.records.get(STATES, id, options))?.value as StatePlace | undefined;
    if (place?.mark === undefined || place.node === undefined) return undefined;
    const { node, mark, stored, restore } = place;
    return { node, mark, isStored: stored === mark || restore !== undefined };
  }

  /** Records that a start has stored its state at its end. */
  async stored({ id: stored, executable: { id } }: WorkOrder): Promise<void> {
    await this.change(id, (place) => ({ ...place, stored }));
  }

  /**
   * Records that a start has the state from now on.
   *
   * @param order Its order.
   * @param node Its node.
   * @param restored Id of the {@linkcode StatePlace.restore} that it has begun with.
   */
  async begun(
    { id: mark, executable: { id, state } }: WorkOrder,
    node: string,
    restored: string | undefined,
  ): Promise<void> {
    await this.change(id, ({ restore, ...place }) => ({
      ...place,
      mark,
      node,
      maxBytes: state!.maxBytes,
      // Another one may have been asked for meanwhile.
      ...(restore && restore.id !== restored && { restore }),
    }));
  }

  /** Changes what is known about a state. @param id Id of the bot. @param change Returns what is known now. */
  async change(id: string, change: (place: StatePlace) => StatePlace): Promise<void> {
    const { records } = this.#parts;
    while (true) {
      await this.place(id);
      const record = await records.get(STATES, id);
      if (!record) continue;
      const next = change(record.value as unknown as StatePlace);
      if (await records.replace(STATES, id, record.revision, { ...next })) return;
    }
  }

  /** Forgets a state. @param id Id of the bot. */
  async forget(id: string): Promise<void> {
    await this.#parts.records.delete(STATES, id);
  }

  /** Names a snapshot that a supervisor is about to store. @returns Its name, and where to store its archive. */
  async open({ executable: { id } }: WorkOrder): Promise<{ readonly name: string; readonly urls: string[] }> {
    const { store, bucket, clock } = this.#parts;
    await store.ensureBucket(bucket);
    const name = snapshotName(new Date(clock.now()));
    return { name, urls: await addressesOf(store, `snapshots/${name}`, this.placeOf(id, name), "PUT") };
  }

  /**
   * Turns a stored archive into a snapshot.
   *
   * @param order The order of the supervisor that stored it.
   * @param name Its name.
   * @param facts The facts that the supervisor has about it.
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
    const { restore } = await this.place(id);
    await snapshots.prune(id, state!.keep, clock.now(), { spare: restore?.snapshot });
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

  /** Reads what is known about a state; there is a name for its folder from then on. @param id Id of the bot. */
  async place(id: string): Promise<StatePlace> {
    const { records } = this.#parts;
    const place: StatePlace = { folder: randomBytes(16).toString("hex") };
    if (await records.insert(STATES, id, { ...place })) return place;
    return (await records.get(STATES, id))!.value as unknown as StatePlace;
  }
}

function missingSnapshot(id: string, name: string): ApiProblem {
  return new ApiProblem(
    424,
    "supervisor/snapshot",
    `Snapshot ${name}, which its state is to be restored from, is not in the object store.`,
    { advice: `Its state was not changed. Choose another one: 'berth state ls ${id}' lists them.` },
  );
}

/** The time that a snapshot is named after. */
function timeOf(name: string): string {
  return name.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/, "$1-$2-$3T$4:$5:$6.$7Z");
}
