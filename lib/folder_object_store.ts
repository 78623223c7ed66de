/**
 * {@linkcode ObjectStore} in a folder: a bucket is a folder in it, an object a file below that, under its key.
 *
 * @module
 */

import { dirname, isAbsolute, join } from "node:path";
import { compareKeys } from "./compare_keys.ts";
import { syncToDisk, writeToDisk } from "./durable_file.ts";
import { BerthError, ObjectConflictError, ObjectNotFoundError, ObjectStoreError } from "./errors.ts";
import { readFileRange } from "./file_range.ts";
import { type LengthRecord, LengthRecords } from "./length_records.ts";
import { messageOf } from "./message_of.ts";
import { assertBucketName, assertMetadata, assertObjectKey, isObjectKey } from "./object_name.ts";
import type {
  AppendObjectOptions,
  GetObjectOptions,
  ObjectCallOptions,
  ObjectContent,
  ObjectInfo,
  ObjectStore,
  PutObjectOptions,
} from "./object_store.ts";
import { unlessMissing } from "./unless_missing.ts";

/** Beside the buckets, whose names begin with a letter or digit. */
const TEMP_FOLDER = ".uploading";
const RECORDS_FOLDER = ".lengths";
/** A temporary file of this age, in ms, belongs to a process that is gone. */
const ABANDONED_MS = 60 * 60 * 1000;
/** A folder may be removed as empty between its making and its use. */
const PLACE_TRIES = 5;

/** Options of {@linkcode FolderObjectStore}. */
export interface FolderObjectStoreOptions {
  /** Milliseconds since 1970. @default {Date.now} */
  readonly clock?: () => number;
}

/**
 * Objects as plain files, to look into and to copy archives to.
 *
 * An object appears at once and whole: it is written to a file beside the buckets, brought to the disk and
 * renamed. The ETag is made of inode, size and time of change. Links are not followed: what is behind one
 * is not in the store. Unlike S3, a folder cannot hold both `a` and `a/b`: the second is refused.
 *
 * What is appended counts once a record of the file's length, in a file beside the buckets, says so; what a
 * crash has left beyond it is given to nobody, and cut off by the next append.
 */
export class FolderObjectStore implements ObjectStore {
  readonly #root: string;
  readonly #clock: () => number;
  readonly #lengths: LengthRecords;
  #isSwept = false;

  /**
   * Makes one; nothing is read or written yet.
   *
   * @param root The folder, as an absolute path; it is made with the first bucket.
   * @param options The clock.
   */
  constructor(root: string, options: FolderObjectStoreOptions = {}) {
    if (!isAbsolute(root)) {
      throw new TypeError(`Cannot keep objects in '${root}': the path must be absolute.`);
    }
    this.#root = root;
    this.#clock = options.clock ?? Date.now;
    this.#lengths = new LengthRecords(join(root, RECORDS_FOLDER), join(root, TEMP_FOLDER));
  }

  async ensureBucket(bucket: string, options: ObjectCallOptions = {}): Promise<void> {
    assertBucketName(bucket);
    await this.#attempt(`make bucket '${bucket}'`, options, async () => {
      await Deno.mkdir(join(this.#root, bucket), { recursive: true });
      await this.#assertBucket(bucket);
    });
  }

  async get(bucket: string, key: string, options: GetObjectOptions = {}): Promise<ObjectContent> {
    const path = this.#pathOf(bucket, key);
    return await this.#attempt(`read ${nameOf(bucket, key)}`, options, async () => {
      const isThere = await this.#find(bucket, key) !== undefined;
      const file = isThere ? await unlessMissing(Deno.open(path)) : undefined;
      if (file === undefined) throw new ObjectNotFoundError(bucket, key);
      try {
        // Told of the open file: the one at its path may be another by now.
        const info = await this.#infoOf(bucket, key, await file.stat());
        const range = readFileRange(file, options.offset ?? 0, info.size);
        const { signal } = options;
        const body = signal ? range.pipeThrough(new TransformStream(), { signal }) : range;
        return { ...info, body };
      } catch (error) {
        file.close();
        throw error;
      }
    });
  }

  async stat(bucket: string, key: string, options: ObjectCallOptions = {}): Promise<ObjectInfo | undefined> {
    this.#pathOf(bucket, key);
    return await this.#attempt(`look for ${nameOf(bucket, key)}`, options, async () => {
      const found = await this.#find(bucket, key);
      return found && await this.#infoOf(bucket, key, found);
    });
  }

  async put(
    bucket: string,
    key: string,
    body: Uint8Array,
    options: PutObjectOptions = {},
  ): Promise<ObjectInfo> {
    this.#pathOf(bucket, key);
    return await this.#attempt(`write ${nameOf(bucket, key)}`, options, async () => {
      await this.#assertBucket(bucket);
      await this.#sweep();
      const temporary = join(this.#root, TEMP_FOLDER, crypto.randomUUID());
      try {
        const written = await writeToDisk(temporary, body, options.signal);
        options.signal?.throwIfAborted();
        await this.#place(temporary, bucket, key);
        await this.#lengths.remove(`${bucket}/${key}`);
        return toObjectInfo(key, written);
      } catch (error) {
        await unlessMissing(Deno.remove(temporary));
        throw error;
      }
    });
  }

  async append(
    bucket: string,
    key: string,
    body: Uint8Array,
    options: AppendObjectOptions = {},
  ): Promise<ObjectInfo> {
    this.#pathOf(bucket, key);
    assertMetadata(options.metadata ?? {});
    return await this.#attempt(`append to ${nameOf(bucket, key)}`, options, async () => {
      await this.#assertBucket(bucket);
      await this.#sweep();
      return options.onto === undefined
        ? await this.#create(bucket, key, body, options)
        : await this.#extend(bucket, key, body, options);
    });
  }

  async *list(bucket: string, prefix: string, options: ObjectCallOptions = {}): AsyncGenerator<ObjectInfo> {
    assertBucketName(bucket);
    const what = `list '${prefix}' in bucket '${bucket}'`;
    await this.#attempt(what, options, () => this.#assertBucket(bucket));
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    // A prefix that is no path has no objects, and must not lead out of the bucket.
    if (folder !== "" && !isObjectKey(folder.slice(0, -1))) return;
    if (folder !== "" && !(await this.#attempt(what, options, () => this.#isFolder(bucket, folder)))) return;
    yield* this.#walk(bucket, folder, prefix, what, options);
  }

  async delete(bucket: string, key: string, options: ObjectCallOptions = {}): Promise<void> {
    const path = this.#pathOf(bucket, key);
    await this.#attempt(`delete ${nameOf(bucket, key)}`, options, async () => {
      if (await this.#find(bucket, key) === undefined) return;
      await unlessMissing(Deno.remove(path));
      await this.#lengths.remove(`${bucket}/${key}`);
      // An empty folder would stand in the way of an object of its name.
      for (let folder = dirname(key); folder !== "."; folder = dirname(folder)) {
        const isRemoved = await Deno.remove(join(this.#root, bucket, folder)).then(() => true, () => false);
        if (!isRemoved) break;
      }
    });
  }

  /** The first append: the record is there before the file has its name. */
  async #create(
    bucket: string,
    key: string,
    body: Uint8Array,
    { metadata = {}, signal }: AppendObjectOptions,
  ): Promise<ObjectInfo> {
    const temporary = join(this.#root, TEMP_FOLDER, crypto.randomUUID());
    try {
      const written = await writeToDisk(temporary, body, signal);
      using _lock = await this.#lengths.lock();
      signal?.throwIfAborted();
      if (await this.#find(bucket, key) !== undefined) throw new ObjectConflictError(bucket, key);
      const record = await this.#lengths.write(`${bucket}/${key}`, written, body.length, metadata);
      await this.#place(temporary, bucket, key);
      return toObjectInfo(key, written, record);
    } catch (error) {
      await unlessMissing(Deno.remove(temporary));
      throw error;
    }
  }

  async #extend(
    bucket: string,
    key: string,
    body: Uint8Array,
    { onto, metadata = {}, signal }: AppendObjectOptions,
  ): Promise<ObjectInfo> {
    const name = `${bucket}/${key}`;
    const isThere = await this.#find(bucket, key) !== undefined;
    using file = isThere
      ? await unlessMissing(Deno.open(this.#pathOf(bucket, key), { read: true, write: true }))
      : undefined;
    if (file === undefined) throw new ObjectConflictError(bucket, key);
    await file.lock(true);
    const before = await file.stat();
    const { size, etag: found } = await this.#infoOf(bucket, key, before);
    const isCurrent = (await this.#find(bucket, key))?.ino === before.ino;
    if (!isCurrent || found !== onto?.etag) throw new ObjectConflictError(bucket, key);
    signal?.throwIfAborted();
    // Before anything is written that should not count yet.
    if (await this.#lengths.read(name, before) === undefined) {
      await this.#lengths.write(name, before, size, {});
    }
    if (before.size > size) await file.truncate(size);
    await file.seek(size, Deno.SeekMode.Start);
    for (let at = 0; at < body.length;) at += await file.write(body.subarray(at));
    await file.sync();
    signal?.throwIfAborted();
    const record = await this.#lengths.write(name, before, size + body.length, metadata);
    return toObjectInfo(key, await file.stat(), record);
  }

  async #infoOf(bucket: string, key: string, file: Deno.FileInfo): Promise<ObjectInfo> {
    return toObjectInfo(key, file, await this.#lengths.read(`${bucket}/${key}`, file));
  }

  /** Objects below a folder, in order: a folder's place among files is that of its name and the slash. */
  async *#walk(
    bucket: string,
    folder: string,
    prefix: string,
    what: string,
    options: ObjectCallOptions,
  ): AsyncGenerator<ObjectInfo> {
    const path = join(this.#root, bucket, folder);
    const entries = await this.#attempt(
      what,
      options,
      () => unlessMissing(Array.fromAsync(Deno.readDir(path))),
    );
    const keys = (entries ?? [])
      .filter((entry) => entry.isFile || entry.isDirectory)
      .map((entry) => `${folder}${entry.name}${entry.isDirectory ? "/" : ""}`)
      .filter((key) => key.startsWith(prefix))
      .sort(compareKeys);
    for (const key of keys) {
      if (key.endsWith("/")) {
        yield* this.#walk(bucket, key, prefix, what, options);
        continue;
      }
      const info = await this.#attempt(what, options, async () => {
        const found = await this.#find(bucket, key);
        return found && await this.#infoOf(bucket, key, found);
      });
      if (info === undefined) continue;
      const { metadata: _, ...listed } = info;
      yield listed;
    }
  }

  /** The file of an object, reached without following a link. */
  async #find(bucket: string, key: string): Promise<Deno.FileInfo | undefined> {
    const parts = [bucket, ...key.split("/")];
    let path = this.#root;
    await Deno.stat(path);
    for (const [index, part] of parts.entries()) {
      path = join(path, part);
      const found = await unlessMissing(Deno.lstat(path));
      if (index === parts.length - 1) return found?.isFile ? found : undefined;
      if (!found?.isDirectory) return undefined;
    }
  }

  async #isFolder(bucket: string, folder: string): Promise<boolean> {
    let path = join(this.#root, bucket);
    for (const part of folder.split("/").slice(0, -1)) {
      path = join(path, part);
      if (!(await unlessMissing(Deno.lstat(path)))?.isDirectory) return false;
    }
    return true;
  }

  async #assertBucket(bucket: string): Promise<void> {
    const found = await unlessMissing(Deno.lstat(join(this.#root, bucket)));
    if (found?.isDirectory) return;
    throw new ObjectStoreError(
      found
        ? `Cannot use bucket '${bucket}': '${join(this.#root, bucket)}' is not a folder.`
        : `There is no bucket '${bucket}' in '${this.#root}'. Make sure of it first.`,
    );
  }

  async #place(temporary: string, bucket: string, key: string): Promise<void> {
    const path = this.#pathOf(bucket, key);
    for (let tries = 1;; tries++) {
      await this.#makeFolders(bucket, key);
      if ((await unlessMissing(Deno.lstat(path)))?.isDirectory) throw collision(bucket, key, `${key}/`);
      try {
        await Deno.rename(temporary, path);
        return await syncToDisk(dirname(path));
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound) || tries === PLACE_TRIES) throw error;
      }
    }
  }

  async #makeFolders(bucket: string, key: string): Promise<void> {
    let path = join(this.#root, bucket);
    const parts = key.split("/").slice(0, -1);
    for (const [index, part] of parts.entries()) {
      const parent = path;
      path = join(path, part);
      const found = await unlessMissing(Deno.lstat(path));
      if (found?.isDirectory) continue;
      if (found) throw collision(bucket, key, parts.slice(0, index + 1).join("/"));
      await Deno.mkdir(path, { recursive: true });
      await syncToDisk(parent);
    }
  }

  /** Removes what processes that died left behind; once is enough. */
  async #sweep(): Promise<void> {
    const folder = join(this.#root, TEMP_FOLDER);
    await Deno.mkdir(folder, { recursive: true });
    if (this.#isSwept) return;
    this.#isSwept = true;
    for await (const { name } of Deno.readDir(folder)) {
      const path = join(folder, name);
      const changedAt = (await unlessMissing(Deno.lstat(path)))?.mtime?.getTime() ?? Infinity;
      if (this.#clock() - changedAt > ABANDONED_MS) await unlessMissing(Deno.remove(path));
    }
  }

  #pathOf(bucket: string, key: string): string {
    assertBucketName(bucket);
    assertObjectKey(key);
    return join(this.#root, bucket, key);
  }

  async #attempt<T>(what: string, { signal }: ObjectCallOptions, action: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    try {
      return await action();
    } catch (cause) {
      if (cause instanceof BerthError || (signal?.aborted && cause === signal.reason)) throw cause;
      const why = messageOf(cause);
      throw new ObjectStoreError(`Cannot ${what} in the folder '${this.#root}': ${why}.`, { cause });
    }
  }
}

function nameOf(bucket: string, key: string): string {
  return `object '${key}' in bucket '${bucket}'`;
}

function collision(bucket: string, key: string, other: string): ObjectStoreError {
  return new ObjectStoreError(
    `Cannot write ${nameOf(bucket, key)}: '${other}' is in its place, and a folder cannot hold both. ` +
      "Use another key, or delete what is there.",
  );
}

function toObjectInfo(key: string, file: Deno.FileInfo, record?: LengthRecord): ObjectInfo {
  const lastModified = file.mtime ?? new Date(0);
  if (record) {
    const metadata = Object.keys(record.metadata).length > 0 ? { metadata: record.metadata } : {};
    return { key, size: record.length, etag: record.version, lastModified, ...metadata };
  }
  const etag = [file.ino ?? 0, file.size, lastModified.getTime()].map((number) => number.toString(36)).join(
    "-",
  );
  return { key, size: file.size, etag, lastModified };
}
