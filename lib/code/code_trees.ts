/**
 * Keeps the trees of one instance: one tree for each archive, however many bots run it.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ExtractionPool } from "../archive/extraction_pool.ts";
import type { ArchiveLimits } from "../archive/archive_limits.ts";
import { parseTreeManifest } from "../archive/tree_manifest.ts";
import type { CachedArchive } from "./list_archives.ts";
import { ENTRYPOINT_SCRIPT, OUTER_ENTRYPOINT } from "../executable/container_layout.ts";
import { isDiskFull, onDisk, unlessMissing, unlessMissingSync } from "../util/files.ts";
import { removeTree } from "./remove_tree.ts";
import { SharedWork } from "../util/shared_work.ts";
import { type CodeTree, treeBytes } from "./code_tree.ts";
import { TreeIndex, type TreeRecord } from "./tree_index.ts";
import { isWhole, refreshFiles } from "./tree_files.ts";

/** Options of {@linkcode CodeTrees}. */
export interface CodeTreesOptions {
  /** Absolute path of the folder that holds them. */
  readonly folder: string;
  /** Extracts archives. */
  readonly extractor: ExtractionPool;
  /** Limits on the content of an archive. */
  readonly limits: ArchiveLimits;
  /** Size of the trees to keep, in bytes; the least recently used are removed first. A tree in use always stays. */
  readonly maxBytes: number;
  /** Returns the hashes of the trees that containers use. */
  readonly inUse: () => Promise<ReadonlySet<string>>;
}

const PARTIAL = ".partial-";
const DAMAGED = ".damaged-";
/** Age at which the partial tree of another process counts as abandoned, in ms. */
const ABANDONED_MS = 60 * 60_000;
/** Size from which files of other trees are linked instead of extracted, in bytes of the archive. */
const LINK_FROM_BYTES = 256 * 1024;
/** Number of other trees whose files may be linked. */
const MAX_DONORS = 4;

/** Extracts each archive once, keeps trees that are used or recent, and notices damaged ones. */
export class CodeTrees {
  readonly #options: CodeTreesOptions;
  readonly #index = new TreeIndex();
  readonly #makes = new SharedWork<void>();
  readonly #log = getLogger(["berth", "runner"]);
  #adopted?: Promise<void>;
  #evicting: Promise<void> = Promise.resolve();

  /** @param options See {@linkcode CodeTreesOptions}. */
  constructor(options: CodeTreesOptions) {
    this.#options = options;
  }

  /**
   * Calls a function with a tree, which stays on disk until the function returns. To keep it longer, `inUse` must
   * return its hash by then.
   *
   * @param sha256 Hash of its archive.
   * @param use The function.
   * @returns The result of the function; `undefined` if there is no such tree, or it is damaged.
   * @throws {BerthError} If the folder cannot be read (`archive/io`).
   */
  async use<T>(sha256: string, use: (tree: CodeTree) => Promise<T>): Promise<{ value: T } | undefined> {
    await this.#adopt();
    const record = this.#index.lease(sha256) ?? await this.#leaseOfOther(sha256);
    if (!record) return undefined;
    try {
      if (!await this.#isUsable(record)) return undefined;
      return { value: await use(record.tree) };
    } catch (error) {
      // Unused trees must not keep the disk full: removing them makes room for the next attempt.
      if (isDiskFull(error)) await this.#evict(0);
      throw error;
    } finally {
      record.leases--;
    }
  }

  /**
   * Extracts an archive, unless its tree exists.
   *
   * @param archive The archive.
   * @param signal Cancels the wait.
   * @throws {InvalidArchiveError} If the archive is refused.
   * @throws {BerthError} If the tree cannot be written (`archive/io`).
   */
  async make(archive: CachedArchive, signal?: AbortSignal): Promise<void> {
    try {
      await this.#adopt();
      await this.#makes.run(archive.sha256, (signal) => this.#make(archive, signal), signal);
      await this.#evict(this.#options.maxBytes, archive.sha256);
    } catch (error) {
      if (isDiskFull(error)) await this.#evict(0);
      throw error;
    }
  }

  /**
   * Checks the trees that containers use, and renews their times of access, so that cleaners of temporary files spare them.
   *
   * @returns Hashes of the trees that are damaged or missing.
   */
  async refresh(): Promise<Set<string>> {
    await this.#adopt();
    const lost = new Set<string>();
    for (const sha256 of await this.#options.inUse()) {
      const record = this.#index.lease(sha256);
      if (!record) {
        lost.add(sha256);
        continue;
      }
      try {
        if (await refreshFiles(record.tree)) continue;
        lost.add(sha256);
        await this.#setAside(record);
      } finally {
        record.leases--;
      }
    }
    return lost;
  }

  /**
   * Removes trees that no container uses and that no start has used for some time.
   *
   * @param ageMs Time since their last use, in ms.
   */
  async removeUnused(ageMs: number): Promise<void> {
    await this.#adopt();
    // Recorded before the containers are listed, so that a use that begins meanwhile counts, too.
    const idle = this.#index.idle();
    const used = await this.#options.inUse();
    for (const { record, uses } of idle) {
      const { sha256, folder } = record.tree;
      const time = (await unlessMissing(Deno.lstat(folder)))?.mtime?.getTime() ?? 0;
      if (Date.now() - time < ageMs || used.has(sha256)) continue;
      if (record.leases > 0 || record.uses !== uses || !this.#index.forget(record)) continue;
      await removeTree(folder);
    }
  }

  /** The most recently used trees. */
  recent(): readonly CodeTree[] {
    return this.#index.recent(MAX_DONORS);
  }

  /** Whether the folder of a tree exists. @param sha256 Hash of its archive. */
  isThere(sha256: string): boolean {
    const folder = `${this.#options.folder}/${sha256}`;
    return unlessMissingSync(() => Deno.lstatSync(`${folder}/code`)) !== undefined;
  }

  /**
   * Whether a copy of a tree has lost all files of the tree. A bot may remove some of its own; a cleaner removes all that
   * are old.
   *
   * @param copy Absolute path of the copy.
   * @param sha256 Hash of the archive.
   * @returns False if the tree is not known.
   */
  isGoneFrom(copy: string, sha256: string): boolean {
    const tree = this.#index.get(sha256);
    const isGone = (path: string) => unlessMissingSync(() => Deno.lstatSync(`${copy}/${path}`)) === undefined;
    return tree?.manifest.files.every(({ path }) => isGone(path)) ?? false;
  }

  async #isUsable(record: TreeRecord): Promise<boolean> {
    const { tree } = record;
    record.isWhole ??= await isWhole(tree);
    if (record.isWhole && touch(tree.folder) && this.isThere(tree.sha256)) return true;
    await this.#setAside(record);
    return false;
  }

  /** Takes over a tree that another process of the instance has made since this one has read the folder. */
  async #leaseOfOther(sha256: string): Promise<TreeRecord | undefined> {
    if (!this.isThere(sha256)) return undefined;
    // A damaged one is made again.
    const tree = await readTree(this.#options.folder, sha256).catch(() => undefined);
    if (tree && !this.#index.get(sha256)) {
      this.#index.add({ tree, bytes: treeBytes(tree), leases: 0, uses: 0 });
    }
    return this.#index.lease(sha256);
  }

  /** Renames a damaged tree, which containers may still have mounted. It is removed once no container uses it. */
  async #setAside(record: TreeRecord): Promise<void> {
    if (!this.#index.forget(record)) return;
    const { sha256, folder } = record.tree;
    this.#log.warn("code tree damaged: extracting it again", { sha256, folder });
    const aside = `${this.#options.folder}/${DAMAGED}${sha256}-${crypto.randomUUID()}`;
    await unlessMissing(Deno.rename(folder, aside));
  }

  async #make(archive: CachedArchive, signal: AbortSignal): Promise<void> {
    const { folder, extractor, limits } = this.#options;
    const { sha256, path: archivePath, size } = archive;
    if (await this.use(sha256, () => Promise.resolve())) return;
    const partial = `${folder}/${PARTIAL}${crypto.randomUUID()}`;
    await onDisk(`create '${partial}'`, () => Deno.mkdir(partial, { recursive: true, mode: 0o700 }));
    const donors = size < LINK_FROM_BYTES ? [] : this.#index.recent(MAX_DONORS).map(locationOf);
    try {
      const shared = { manifest: `${partial}/manifest.json`, donors };
      const { bytes } = await extractor.extract(
        { archivePath, destination: `${partial}/code`, limits, shared },
        { signal },
      );
      await onDisk(`write to '${partial}'`, async () => {
        // The compiler runs as another user; the folder above is closed to everybody else.
        await Deno.chmod(`${partial}/code`, 0o755);
        await writeBase(`${partial}/base`);
      });
      await onDisk(`write '${folder}/${sha256}'`, async () => {
        // Not in the index, so an existing folder is damaged, or another process made the same tree.
        await unlessMissing(
          Deno.rename(`${folder}/${sha256}`, `${folder}/${DAMAGED}${sha256}-${crypto.randomUUID()}`),
        );
        await Deno.rename(partial, `${folder}/${sha256}`);
      });
      const tree = await readTree(folder, sha256);
      if (!this.#index.get(sha256)) this.#index.add({ tree, bytes, leases: 0, uses: 0, isWhole: true });
    } catch (error) {
      await removeTree(partial).catch(() => {});
      throw error;
    }
  }

  #adopt(): Promise<void> {
    const { folder } = this.#options;
    return this.#adopted ??= onDisk(`read '${folder}'`, () => this.#readFolder(folder)).catch((error) => {
      this.#adopted = undefined;
      throw error;
    });
  }

  /** Takes over the trees of an earlier process. Their files are checked at the first use. */
  async #readFolder(folder: string): Promise<void> {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    const found: (TreeRecord & { readonly time: number })[] = [];
    for await (const { name } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      const time = (await Deno.lstat(path)).mtime?.getTime() ?? 0;
      if (/^[0-9a-f]{64}$/.test(name)) {
        const tree = await readTree(folder, name).catch(() => undefined);
        if (tree) found.push({ tree, bytes: treeBytes(tree), leases: 0, uses: 0, time });
        else await removeTree(path);
      } else if (name.startsWith(PARTIAL) && Date.now() - time > ABANDONED_MS) await removeTree(path);
    }
    for (const { time: _time, ...record } of found.sort((a, b) => a.time - b.time)) this.#index.add(record);
  }

  /** Runs one eviction at a time, so that two do not remove the same tree. */
  #evict(maxBytes: number, except?: string): Promise<void> {
    return this.#evicting = this.#evicting.then(() => this.#evictNow(maxBytes, except)).catch((error) => {
      this.#log.warn("code trees not evicted yet", { error });
    });
  }

  async #evictNow(maxBytes: number, except?: string): Promise<void> {
    const { folder, inUse } = this.#options;
    if (this.#index.bytes <= maxBytes) return;
    // Recorded before the containers are listed, so that a use that begins meanwhile counts, too.
    const idle = this.#index.idle();
    const used = await inUse();
    for (const { record, uses } of idle) {
      if (this.#index.bytes <= maxBytes) break;
      const { sha256 } = record.tree;
      if (record.leases > 0 || record.uses !== uses || used.has(sha256) || sha256 === except) continue;
      this.#index.forget(record);
      await removeTree(record.tree.folder);
    }
    for await (const { name } of Deno.readDir(folder)) {
      const sha256 = name.startsWith(DAMAGED) ? name.slice(DAMAGED.length, DAMAGED.length + 64) : undefined;
      if (sha256 && !used.has(sha256)) await removeTree(`${folder}/${name}`);
    }
  }
}

async function readTree(parent: string, sha256: string): Promise<CodeTree> {
  const folder = `${parent}/${sha256}`;
  const manifest = parseTreeManifest(await Deno.readTextFile(`${folder}/manifest.json`));
  return { sha256, folder, path: `${folder}/code`, base: `${folder}/base`, manifest };
}

function locationOf({ path, folder }: CodeTree): { path: string; manifest: string } {
  return { path, manifest: `${folder}/manifest.json` };
}

async function writeBase(path: string): Promise<void> {
  await Deno.mkdir(path, { mode: 0o755 });
  await Deno.writeTextFile(`${path}/${ENTRYPOINT_SCRIPT}`, OUTER_ENTRYPOINT);
  await Deno.chmod(`${path}/${ENTRYPOINT_SCRIPT}`, 0o755);
}

/** Renews the times of a folder. @returns Whether there is one. */
function touch(folder: string): boolean {
  const now = new Date();
  return unlessMissingSync(() => {
    Deno.utimeSync(folder, now, now);
    return true;
  }) ?? false;
}
