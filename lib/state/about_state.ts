/**
 * Describes a bot's state.
 *
 * @module
 */

import { DEFAULT_STATE } from "../executable/state_settings.ts";
import type { measureTree } from "../util/measure_tree.ts";
import type { Snapshot } from "./snapshot.ts";
import type { SnapshotMaker } from "./snapshot_maker.ts";
import type { SnapshotStore } from "./snapshot_store.ts";
import type { StateFolder } from "./state_folder.ts";

/** A description of a bot's state. */
export interface AboutState {
  /** Absolute path of the folder on this host; absent if there is none. */
  readonly folder?: string;
  /** Node of the cluster that has the newest state; absent on one host. */
  readonly node?: string;
  /** Its size on the disk, in bytes. */
  readonly bytes?: number;
  /** Size that it may have, in bytes. */
  readonly maxBytes: number;
  /** Whether a restore waits for the next start of the bot. */
  readonly isPending: boolean;
  /** Snapshots, the newest first; `isStored` is false while one waits for the object store. */
  readonly snapshots: readonly (Snapshot & { readonly isStored: boolean })[];
}

/** Input of {@linkcode aboutState}. */
export interface AboutStateParts {
  /** Measures a folder. */
  readonly measure: typeof measureTree;
  /** Knows the snapshots that wait on this host. */
  readonly maker: Pick<SnapshotMaker, "waiting">;
  /** The snapshots in the object store. */
  readonly store: Pick<SnapshotStore, "list">;
  /** Cancels the call. */
  readonly signal: AbortSignal;
}

/**
 * Collects what is known about a bot's state: its folder, and its snapshots on this host and in the object store.
 *
 * @param folder Folder of the bot.
 * @param parts See {@linkcode AboutStateParts}.
 */
export async function aboutState(
  folder: StateFolder,
  { maker, store, measure, signal }: AboutStateParts,
): Promise<AboutState> {
  const meta = await folder.read();
  const { maxBytes } = meta?.settings ?? DEFAULT_STATE;
  const isHere = meta?.folder !== undefined && await folder.has(meta.folder);
  const size = isHere
    ? await measure(folder.data(meta.folder!), { enoughBytes: 4 * maxBytes, signal })
    : undefined;
  const waiting = (await maker.waiting(folder)).map((each) => ({ ...each, isStored: false }));
  const stored = (await store.list(folder.id, { signal }))
    .filter(({ name }) => !waiting.some((each) => each.name === name))
    .map((each) => ({ ...each, isStored: true }));
  return {
    ...(isHere && { folder: folder.data(meta.folder!) }),
    ...(size && { bytes: size.bytes }),
    maxBytes,
    isPending: meta?.pending !== undefined,
    snapshots: [...waiting, ...stored].sort((a, b) => (a.name < b.name ? 1 : -1)),
  };
}
