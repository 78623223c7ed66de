/**
 * Makes snapshots, and brings them to the object store.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { DEFAULT_STATE } from "../executable/state_settings.ts";
import { onDisk, unlessMissing } from "../util/files.ts";
import { KeyedMutex } from "../util/keyed_mutex.ts";
import { engineEntries } from "./engine_entries.ts";
import type { LiveStates } from "./live_states.ts";
import { parseSnapshot, type Snapshot, type SnapshotReason } from "./snapshot.ts";
import { snapshotName } from "./snapshot_name.ts";
import type { SnapshotStore } from "./snapshot_store.ts";
import { StateError } from "./state_error.ts";
import type { StateFolder } from "./state_folder.ts";
import { type StateMeta, writeWhole } from "./state_meta.ts";
import { type PackedState, StatePacker } from "./state_packer.ts";
import { stateEntries, stateFingerprint } from "./state_tree.ts";

/** How much larger than its limit a state may be and still become a snapshot: it is stopped a little late. */
const TOLERANCE = 2;
/** Attempts to read the state of a running bot. */
const LIVE_TRIES = 3;
/** Age from which an archive without a description counts as left by a dead process, in ms. */
const ABANDONED_MS = 60 * 60_000;

/** Dependencies of {@linkcode SnapshotMaker}. */
export interface SnapshotMakerOptions {
  /** The snapshots in the object store. */
  readonly snapshots: SnapshotStore;
  /** The states of running bots. */
  readonly live: LiveStates;
  /** The time, in ms since 1970. */
  readonly now: () => number;
}

/** The content of a snapshot. */
export interface PackOptions {
  /** Why. */
  readonly reason: SnapshotReason;
  /** Container that may write meanwhile. @default none */
  readonly container?: string | undefined;
  /** Cancels the work. */
  readonly signal: AbortSignal;
}

/**
 * Makes snapshots. A snapshot is first completed on this host, in the outbox of its folder: it survives this process and
 * an object store that does not answer.
 */
export class SnapshotMaker {
  readonly #options: SnapshotMakerOptions;
  readonly #sends = new KeyedMutex();
  readonly #log = getLogger(["berth", "state"]);

  /** @param options See {@linkcode SnapshotMakerOptions}. */
  constructor(options: SnapshotMakerOptions) {
    this.#options = options;
  }

  /**
   * Makes a snapshot on this host.
   *
   * @param folder Folder of the bot.
   * @param meta The facts about it.
   * @param options See {@linkcode PackOptions}.
   * @returns The snapshot; `undefined` if nothing has changed since the last one, and nobody has asked for it.
   */
  async make(
    folder: StateFolder,
    meta: StateMeta,
    { reason, container, signal }: PackOptions,
  ): Promise<{ readonly snapshot?: Snapshot; readonly meta: StateMeta }> {
    const fingerprint = container ? undefined : await stateFingerprint(folder.data(meta.folder!));
    const isNews = fingerprint === undefined || fingerprint !== meta.fingerprint;
    if (!isNews && reason !== "request") return { meta };
    const at = new Date(this.#options.now());
    const name = snapshotName(at);
    const path = await folder.inOutbox(`${name}.tar.gz`);
    const packed = await this.pack(path, folder, meta, { reason, container, signal }, at);
    const snapshot: Snapshot = {
      bot: folder.id,
      name,
      at: at.toISOString(),
      reason,
      consistency: container ? "crash" : "clean",
      version: meta.code?.version ?? "",
      ...packed,
    };
    await writeWhole(await folder.inOutbox(`${name}.json`), JSON.stringify(snapshot));
    this.#log.info("snapshot made", { id: folder.id, snapshot: name, reason, bytes: packed.bytes });
    const { fingerprint: _, ...rest } = meta;
    return { snapshot, meta: { ...rest, snapshotAt: snapshot.at, ...(fingerprint && { fingerprint }) } };
  }

  /**
   * Packs the state into a file.
   *
   * @param path Path of the file, which must not exist.
   * @param folder Folder of the bot.
   * @param meta The facts about it.
   * @param options See {@linkcode PackOptions}.
   * @param at The time, for the manifest.
   */
  async pack(
    path: string,
    folder: StateFolder,
    meta: StateMeta,
    { container, signal }: Pick<PackOptions, "container" | "signal" | "reason">,
    at: Date,
  ): Promise<PackedState> {
    const manifest = { bot: folder.id, at: at.toISOString(), version: meta.code?.version ?? "" };
    const maxBytes = TOLERANCE * (meta.settings ?? DEFAULT_STATE).maxBytes;
    for (let tries = 1;; tries++) {
      try {
        await using packer = await StatePacker.open(path, { manifest, maxBytes, signal });
        if (container) {
          await engineEntries(this.#options.live.read(container, signal), (entry) => packer.add(entry));
        } else {
          for await (const entry of stateEntries(folder.data(meta.folder!))) await packer.add(entry);
        }
        return await packer.finish();
      } catch (error) {
        signal.throwIfAborted();
        const mayRetry = error instanceof StateError && error.problem === "changing" && tries < LIVE_TRIES;
        if (!mayRetry) throw error;
      }
    }
  }

  /** Lists the snapshots that wait for the object store, the newest first. @param folder Folder of the bot. */
  async waiting(folder: StateFolder): Promise<Snapshot[]> {
    const entries = await unlessMissing(Array.fromAsync(Deno.readDir(folder.outbox)));
    const names = (entries ?? []).map(({ name }) => name).filter((name) => name.endsWith(".json")).sort();
    const found = await Promise.all(
      names.reverse().map(async (name) => {
        const text = await unlessMissing(Deno.readTextFile(`${folder.outbox}/${name}`));
        return text === undefined ? undefined : parseSnapshot(text);
      }),
    );
    return found.filter((snapshot) => snapshot !== undefined);
  }

  /**
   * Brings the snapshots of a bot to the object store, and removes those beyond the number to keep.
   *
   * @param folder Folder of the bot.
   * @param keep Number of snapshots to keep.
   */
  async send(folder: StateFolder, keep: number, signal: AbortSignal): Promise<void> {
    await this.#sends.run(folder.id, async () => {
      const { snapshots, now } = this.#options;
      const waiting = (await this.waiting(folder)).reverse();
      for (const snapshot of waiting) {
        const path = `${folder.outbox}/${snapshot.name}`;
        await snapshots.put(snapshot, `${path}.tar.gz`, { signal });
        await onDisk(`remove '${path}.json'`, () => unlessMissing(Deno.remove(`${path}.json`)));
        await onDisk(`remove '${path}.tar.gz'`, () => unlessMissing(Deno.remove(`${path}.tar.gz`)));
      }
      await this.#sweep(folder);
      if (waiting.length > 0) await snapshots.prune(folder.id, keep, now(), { signal });
    });
  }

  /** Removes what a killed process left in the outbox. */
  async #sweep({ outbox }: StateFolder): Promise<void> {
    const names = (await unlessMissing(Array.fromAsync(Deno.readDir(outbox), ({ name }) => name))) ?? [];
    for (const name of names) {
      if (name.endsWith(".json") || names.includes(name.replace(/\.tar\.gz$/, ".json"))) continue;
      const info = await unlessMissing(Deno.lstat(`${outbox}/${name}`));
      const isAbandoned = info && this.#options.now() - (info.mtime?.getTime() ?? 0) > ABANDONED_MS;
      if (isAbandoned) await unlessMissing(Deno.remove(`${outbox}/${name}`));
    }
  }
}
