/**
 * The states of a cluster's bots, for operators.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { SupervisorLink } from "../../lib/cluster/supervisor_link.ts";
import { ContainerNotFoundError } from "../../lib/errors.ts";
import { DEFAULT_STATE } from "../../lib/executable/state_settings.ts";
import type { AboutState } from "../../lib/state/about_state.ts";
import type { Snapshot } from "../../lib/state/snapshot.ts";
import { snapshotName } from "../../lib/state/snapshot_name.ts";
import { ofAnotherBot, type SnapshotStore } from "../../lib/state/snapshot_store.ts";
import { StateError } from "../../lib/state/state_error.ts";
import type { StateKeeper } from "../../lib/state/state_keeper.ts";
import type { RestoreSource } from "../../lib/state/state_restorer.ts";
import { unpackState } from "../../lib/state/unpack_state.ts";
import type { Clock } from "../../lib/util/clock.ts";
import type { CarriedStates } from "./carried_states.ts";

/** Parts of {@linkcode ClusterStates}. */
export interface ClusterStatesParts {
  /** Knows where the states are. */
  readonly states: CarriedStates;
  /** The snapshots. */
  readonly snapshots: SnapshotStore;
  /** Reaches the supervisors. */
  readonly link: Pick<SupervisorLink, "snapshot" | "session">;
  /** Absolute path of the folder for archives under way. */
  readonly folder: string;
  /** The clock. */
  readonly clock: Clock;
}

/** A state of a cluster is on a node that Berth does not see: operators work with its snapshots. */
export class ClusterStates implements StateKeeper {
  readonly #parts: ClusterStatesParts;

  /** @param parts See {@linkcode ClusterStatesParts}. */
  constructor(parts: ClusterStatesParts) {
    this.#parts = parts;
  }

  /** {@inheritDoc StateKeeper.noteOf} */
  noteOf(): undefined {
    return undefined;
  }

  /** {@inheritDoc StateKeeper.about} */
  async about(id: string, signal: AbortSignal): Promise<AboutState> {
    const { states, snapshots } = this.#parts;
    const { maxBytes = DEFAULT_STATE.maxBytes, restore, node } = await states.place(id);
    const stored = await snapshots.list(id, { signal });
    return {
      ...(node !== undefined && { node }),
      maxBytes,
      isPending: restore !== undefined,
      snapshots: stored.map((snapshot) => ({ ...snapshot, isStored: true })),
    };
  }

  /** {@inheritDoc StateKeeper.snapshot} */
  async snapshot(id: string, signal: AbortSignal): Promise<Snapshot> {
    const { states, link, snapshots } = this.#parts;
    const { mark } = await states.place(id);
    let name: string | undefined;
    try {
      if (mark !== undefined) name = await link.snapshot(mark, { signal });
    } catch (error) {
      // A bot that has ended has left one.
      if (!(error instanceof ContainerNotFoundError)) throw error;
    }
    const stored = await snapshots.list(id, { signal });
    const found = name === undefined ? stored[0] : stored.find((snapshot) => snapshot.name === name);
    if (found) return found;
    throw new StateError("missing", `'${id}' has no state that could be stored.`, {
      advice: "Start it first: its state is on the node that it last ran on.",
    });
  }

  /** {@inheritDoc StateKeeper.pack} */
  async pack(id: string, path: string, signal: AbortSignal): Promise<void> {
    await this.download(id, await this.snapshot(id, signal), path, signal);
  }

  /** {@inheritDoc StateKeeper.download} */
  async download(id: string, snapshot: Snapshot, path: string, signal: AbortSignal): Promise<void> {
    await this.#parts.snapshots.download(id, snapshot, path, signal);
  }

  /** {@inheritDoc StateKeeper.restore} */
  async restore(
    id: string,
    source: RestoreSource,
    signal: AbortSignal,
  ): Promise<{ readonly isPending: boolean }> {
    const snapshot = source.kind === "empty"
      ? undefined
      : source.kind === "snapshot"
      ? source.snapshot.name
      : await this.#store(id, source.path, signal);
    const restore = { id: crypto.randomUUID(), ...(snapshot !== undefined && { snapshot }) };
    await this.#parts.states.change(id, (place) => ({ ...place, restore }));
    return { isPending: true };
  }

  /** {@inheritDoc StateKeeper.isPending} */
  async isPending(id: string): Promise<boolean> {
    return (await this.#parts.states.place(id)).restore !== undefined;
  }

  /** {@inheritDoc StateKeeper.remove} */
  async remove(id: string, signal: AbortSignal): Promise<number> {
    const { states, snapshots } = this.#parts;
    const removed = await snapshots.removeAll(id, { signal });
    await states.forget(id);
    return removed;
  }

  /** Turns an operator's archive into a snapshot, once it is known that it can be extracted. */
  async #store(id: string, path: string, signal: AbortSignal): Promise<string> {
    const { states, snapshots, folder, clock } = this.#parts;
    const { maxBytes = DEFAULT_STATE.maxBytes } = await states.place(id);
    const target = `${folder}/${crypto.randomUUID()}`;
    await Deno.mkdir(target, { recursive: true, mode: 0o700 });
    try {
      const checkManifest = ({ bot }: Readonly<Record<string, unknown>>) => {
        if (typeof bot === "string" && bot !== id) throw ofAnotherBot(id, bot);
      };
      const { files, bytes } = await unpackState(path, target, { maxBytes, checkManifest, signal });
      const at = new Date(clock.now());
      const hash = createHash("sha256");
      using file = await Deno.open(path);
      for await (const chunk of file.readable) hash.update(chunk);
      const snapshot: Snapshot = {
        bot: id,
        name: snapshotName(at),
        at: at.toISOString(),
        reason: "request",
        consistency: "clean",
        version: "",
        files,
        bytes,
        leftOut: 0,
        archiveBytes: (await Deno.stat(path)).size,
        sha256: hash.digest("hex"),
      };
      await snapshots.put(snapshot, path, { signal });
      return snapshot.name;
    } finally {
      await Deno.remove(target, { recursive: true });
    }
  }
}
