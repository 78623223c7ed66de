/**
 * The trees of one instance: one for each archive, however many bots run it.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { ArchiveExtractor } from "../archive/archive_extractor.ts";
import type { ArchiveLimits } from "../archive/archive_limits.ts";
import { parseTreeManifest } from "../archive/tree_manifest.ts";
import type { CachedArchive } from "./code_cache.ts";
import { ENTRYPOINT_SCRIPT, OUTER_ENTRYPOINT } from "../executable/container_layout.ts";
import { isDiskFull, onDisk, unlessMissing } from "../util/files.ts";
import { removeTree } from "./remove_tree.ts";
import { SharedWork } from "../util/shared_work.ts";
import type { CodeTree } from "./code_tree.ts";
import { TreeIndex, type TreeRecord } from "./tree_index.ts";
import { isWhole, refreshFiles } from "./tree_files.ts";

/** Options of {@linkcode CodeTrees}. */
export interface CodeTreesOptions {
  /** Absolute path of the folder that holds them. */
  readonly folder: string;
  /** What unpacks archives. */
  readonly extractor: ArchiveExtractor;
  /** What an archive may hold. */
  readonly limits: ArchiveLimits;
  /** How many bytes are kept; the least recently used go first. A tree in use always stays. */
  readonly maxBytes: number;
  /** Hashes of the trees that containers use. */
  readonly inUse: () => Promise<ReadonlySet<string>>;
}

const PARTIAL = ".partial-";
const DAMAGED = ".damaged-";
/** What a killed process left is removed after this time, in ms: another one may be at work. */
const ABANDONED_MS = 60 * 60_000;
/** Archives below this size are extracted without a look at other trees, in bytes. */
const LINK_FROM_BYTES = 256 * 1024;
/** How many other trees are looked at. */
const MAX_DONORS = 4;

/** Extracts each archive once, keeps the trees while they are used or recent, and notices when one is damaged. */
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
   * Calls a function with a tree, which stays until the function is done. What is to use it for longer must be part of
   * `inUse` by then.
   *
   * @param sha256 Hash of its archive.
   * @param use The function.
   * @returns What the function returns; `undefined` when there is no such tree, or it is damaged.
   * @throws {BerthError} If the folder cannot be read (`archive/io`).
   */
  async use<T>(sha256: string, use: (tree: CodeTree) => Promise<T>): Promise<{ value: T } | undefined> {
    await this.#adopt();
    const record = this.#index.lease(sha256);
    if (!record) return undefined;
    try {
      if (!await this.#isUsable(record)) return undefined;
      return { value: await use(record.tree) };
    } catch (error) {
      // Trees that nobody uses must not be what fills the disk: the next try has their room.
      if (isDiskFull(error)) await this.#evict(0);
      throw error;
    } finally {
      record.leases--;
    }
  }

  /**
   * Extracts an archive, unless its tree is there.
   *
   * @param archive The archive.
   * @param signal Gives up waiting.
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
   * Looks at each tree that containers use, and makes it look recent to cleaners of temporary files.
   *
   * @returns Hashes of those that are damaged or gone.
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

  /** The most recently used trees. */
  recent(): readonly CodeTree[] {
    return this.#index.recent(MAX_DONORS);
  }

  /** Whether a tree is there, as far as one look tells. @param sha256 Hash of its archive. */
  async isThere(sha256: string): Promise<boolean> {
    const folder = `${this.#options.folder}/${sha256}`;
    return await unlessMissing(Deno.lstat(`${folder}/code`)) !== undefined;
  }

  async #isUsable(record: TreeRecord): Promise<boolean> {
    const { tree } = record;
    record.isWhole ??= await isWhole(tree);
    const isThere = record.isWhole &&
      await unlessMissing(Deno.utime(tree.folder, new Date(), new Date()).then(() => true));
    if (isThere && await this.isThere(tree.sha256)) return true;
    await this.#setAside(record);
    return false;
  }

  /** A damaged tree may be mounted still: it makes room for a new one, and goes when no container names it. */
  async #setAside(record: TreeRecord): Promise<void> {
    if (!this.#index.forget(record)) return;
    const { sha256, folder } = record.tree;
    this.#log.warn("files of a code tree are gone; it is extracted again", { sha256, folder });
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
        // What compiles it is another user; the folder above is closed.
        await Deno.chmod(`${partial}/code`, 0o755);
        await writeBase(`${partial}/base`);
      });
      await onDisk(`write '${folder}/${sha256}'`, async () => {
        // Not in the index, so whatever is there is damaged, or another process's, which is the same.
        await unlessMissing(
          Deno.rename(`${folder}/${sha256}`, `${folder}/${DAMAGED}${sha256}-${crypto.randomUUID()}`),
        );
        await Deno.rename(partial, `${folder}/${sha256}`);
      });
      this.#index.add({ tree: await readTree(folder, sha256), bytes, leases: 0, uses: 0, isWhole: true });
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

  /** Takes over what an earlier process left: whether a tree is whole is seen when it is used. */
  async #readFolder(folder: string): Promise<void> {
    await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
    const found: (TreeRecord & { readonly time: number })[] = [];
    for await (const { name } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      const time = (await Deno.lstat(path)).mtime?.getTime() ?? 0;
      if (/^[0-9a-f]{64}$/.test(name)) {
        const tree = await readTree(folder, name).catch(() => undefined);
        const bytes = tree?.manifest.files.reduce((sum, { size }) => sum + size, 0) ?? 0;
        if (tree) found.push({ tree, bytes, leases: 0, uses: 0, time });
        else await removeTree(path);
      } else if (name.startsWith(PARTIAL) && Date.now() - time > ABANDONED_MS) await removeTree(path);
    }
    for (const { time: _time, ...record } of found.sort((a, b) => a.time - b.time)) this.#index.add(record);
  }

  /** One at a time, so that two do not remove the same. */
  #evict(maxBytes: number, except?: string): Promise<void> {
    return this.#evicting = this.#evicting.then(() => this.#evictNow(maxBytes, except)).catch((error) => {
      this.#log.warn("code trees not evicted yet", { error });
    });
  }

  async #evictNow(maxBytes: number, except?: string): Promise<void> {
    const { folder, inUse } = this.#options;
    if (this.#index.bytes <= maxBytes) return;
    // Noted before the look at the containers: a use that begins after it counts all the same.
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
