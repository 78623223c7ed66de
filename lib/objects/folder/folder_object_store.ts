/**
 * An {@linkcode ObjectStore} in a folder. A bucket is a folder in it, and an object is a file in that, named by its key.
 *
 * @module
 */

import { dirname, isAbsolute, join } from "node:path";
import {
  assertBucketName,
  assertMetadata,
  assertObjectName,
  compareKeys,
  describeObject,
  isObjectKey,
} from "../object_name.ts";
import { copyToDisk, writeToDisk } from "../../util/durable_file.ts";
import { BerthError, messageOf, ObjectNotFoundError, ObjectStoreError } from "../../errors.ts";
import { toObjectInfo } from "./file_object_info.ts";
import { readFileRange } from "./file_range.ts";
import { FolderAppend } from "./folder_append.ts";
import { LengthRecords } from "./length_records.ts";
import { ObjectPaths } from "./object_paths.ts";
import type {
  AppendObjectOptions,
  GetObjectOptions,
  ObjectCallOptions,
  ObjectContent,
  ObjectInfo,
  ObjectStore,
  PutObjectOptions,
} from "../object_store.ts";
import { unlessMissing } from "../../util/files.ts";
import { UploadFolder } from "../../util/upload_folder.ts";

/** Folders beside the buckets, whose names begin with a letter or digit. */
const TEMP_FOLDER = ".uploading";
const RECORDS_FOLDER = ".lengths";

/** Options of {@linkcode FolderObjectStore}. */
export interface FolderObjectStoreOptions {
  /** Clock, in ms since 1970. @default {Date.now} */
  readonly clock?: () => number;
  /** Called before the first access, to make sure that the folder above is safe. @default {nothing is checked} */
  readonly ready?: () => Promise<unknown>;
}

/**
 * Stores objects as plain files, which people can read and copy archives to.
 *
 * A write is atomic: the store writes a file beside the buckets, syncs it and renames it. The ETag consists of inode, size
 * and time of change. The store does not follow links. Files and folders are closed to other users. Unlike S3, a folder
 * cannot hold both `a` and `a/b`, so the store refuses the second.
 *
 * An append counts once the record of the file's length, in a file beside the buckets, includes it. Bytes beyond that
 * length are an append that a crash cut off: readers never get them, and the next append removes them.
 */
export class FolderObjectStore implements ObjectStore {
  readonly #root: string;
  readonly #paths: ObjectPaths;
  readonly #uploads: UploadFolder;
  readonly #lengths: LengthRecords;
  readonly #appends: FolderAppend;
  readonly #ready: () => Promise<unknown>;
  #isReady = false;

  /**
   * @param root Absolute path of the folder. Created with the first bucket.
   * @param options See {@linkcode FolderObjectStoreOptions}.
   */
  constructor(root: string, options: FolderObjectStoreOptions = {}) {
    if (!isAbsolute(root)) {
      throw new TypeError(`Cannot store objects in '${root}': the path must be absolute.`);
    }
    this.#root = root;
    this.#ready = options.ready ?? (() => Promise.resolve());
    this.#paths = new ObjectPaths(root);
    this.#uploads = new UploadFolder(join(root, TEMP_FOLDER), options.clock ?? Date.now);
    this.#lengths = new LengthRecords(join(root, RECORDS_FOLDER), this.#uploads.path);
    this.#appends = new FolderAppend({ paths: this.#paths, uploads: this.#uploads, lengths: this.#lengths });
  }

  async ensureBucket(bucket: string, options: ObjectCallOptions = {}): Promise<void> {
    assertBucketName(bucket);
    await this.#attempt(`make bucket '${bucket}'`, options, async () => {
      await Deno.mkdir(join(this.#root, bucket), { recursive: true, mode: 0o700 });
      await this.#paths.assertBucket(bucket);
    });
  }

  async get(bucket: string, key: string, options: GetObjectOptions = {}): Promise<ObjectContent> {
    const path = this.#paths.pathOf(bucket, key);
    return await this.#attempt(`read ${describeObject(bucket, key)}`, options, async () => {
      const isThere = await this.#paths.find(bucket, key) !== undefined;
      const file = isThere ? await unlessMissing(Deno.open(path)) : undefined;
      if (file === undefined) throw new ObjectNotFoundError(bucket, key);
      try {
        // Describes the open file: there may be another one at its path by now.
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
    assertObjectName(bucket, key);
    return await this.#attempt(`look for ${describeObject(bucket, key)}`, options, async () => {
      const found = await this.#paths.find(bucket, key);
      return found && await this.#infoOf(bucket, key, found);
    });
  }

  async put(
    bucket: string,
    key: string,
    body: Uint8Array,
    options: PutObjectOptions = {},
  ): Promise<ObjectInfo> {
    return await this.#place(bucket, key, (path) => writeToDisk(path, body, options.signal), options);
  }

  async putFile(
    bucket: string,
    key: string,
    path: string,
    options: PutObjectOptions = {},
  ): Promise<ObjectInfo> {
    return await this.#place(bucket, key, (copy) => copyToDisk(path, copy, options.signal), options);
  }

  async append(
    bucket: string,
    key: string,
    body: Uint8Array,
    options: AppendObjectOptions = {},
  ): Promise<ObjectInfo> {
    assertObjectName(bucket, key);
    assertMetadata(options.metadata ?? {});
    return await this.#attempt(`append to ${describeObject(bucket, key)}`, options, async () => {
      await this.#paths.assertBucket(bucket);
      await this.#uploads.open();
      return options.onto === undefined
        ? await this.#appends.create(bucket, key, body, options)
        : await this.#appends.extend(bucket, key, body, options);
    });
  }

  async *list(bucket: string, prefix: string, options: ObjectCallOptions = {}): AsyncGenerator<ObjectInfo> {
    for await (const key of this.listKeys(bucket, prefix, options)) {
      const info = await this.#attempt(describeList(bucket, prefix), options, async () => {
        const found = await this.#paths.find(bucket, key);
        return found && await this.#infoOf(bucket, key, found);
      });
      if (info === undefined) continue;
      const { metadata: _, ...listed } = info;
      yield listed;
    }
  }

  async *listKeys(bucket: string, prefix: string, options: ObjectCallOptions = {}): AsyncGenerator<string> {
    assertBucketName(bucket);
    const what = describeList(bucket, prefix);
    await this.#attempt(what, options, () => this.#paths.assertBucket(bucket));
    const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
    // No object has a prefix that is not a valid path, which might also lead out of the bucket.
    if (folder !== "" && !isObjectKey(folder.slice(0, -1))) return;
    if (folder !== "" && !(await this.#attempt(what, options, () => this.#paths.isFolder(bucket, folder)))) {
      return;
    }
    yield* this.#walk(bucket, folder, prefix, what, options);
  }

  async delete(bucket: string, key: string, options: ObjectCallOptions = {}): Promise<void> {
    const path = this.#paths.pathOf(bucket, key);
    await this.#attempt(`delete ${describeObject(bucket, key)}`, options, async () => {
      if (await this.#paths.find(bucket, key) === undefined) return;
      await unlessMissing(Deno.remove(path));
      await this.#lengths.remove(`${bucket}/${key}`);
      // An empty folder would prevent an object of its name.
      for (let folder = dirname(key); folder !== "."; folder = dirname(folder)) {
        const isRemoved = await Deno.remove(join(this.#root, bucket, folder)).then(() => true, () => false);
        if (!isRemoved) break;
      }
    });
  }

  async #infoOf(bucket: string, key: string, file: Deno.FileInfo): Promise<ObjectInfo> {
    return toObjectInfo(key, file, await this.#lengths.read(`${bucket}/${key}`, file));
  }

  /** Writes a file beside the buckets, and gives it its name. */
  async #place(
    bucket: string,
    key: string,
    write: (path: string) => Promise<Deno.FileInfo>,
    options: PutObjectOptions,
  ): Promise<ObjectInfo> {
    assertObjectName(bucket, key);
    return await this.#attempt(`write ${describeObject(bucket, key)}`, options, async () => {
      await this.#paths.assertBucket(bucket);
      await this.#uploads.open();
      const temporary = this.#uploads.newPath();
      try {
        const written = await write(temporary);
        options.signal?.throwIfAborted();
        await this.#paths.place(temporary, bucket, key);
        await this.#lengths.remove(`${bucket}/${key}`);
        return toObjectInfo(key, written);
      } catch (error) {
        await unlessMissing(Deno.remove(temporary));
        throw error;
      }
    });
  }

  /** Lists the keys in a folder in order. A folder is sorted by its name with the slash. */
  async *#walk(
    bucket: string,
    folder: string,
    prefix: string,
    what: string,
    options: ObjectCallOptions,
  ): AsyncGenerator<string> {
    const all = await this.#attempt(what, options, () => this.#paths.keysIn(bucket, folder));
    const keys = all.filter((key) => key.startsWith(prefix)).sort(compareKeys);
    for (const key of keys) {
      if (key.endsWith("/")) {
        yield* this.#walk(bucket, key, prefix, what, options);
        continue;
      }
      yield key;
    }
  }

  async #attempt<T>(what: string, { signal }: ObjectCallOptions, action: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    try {
      if (!this.#isReady) await this.#ready();
      this.#isReady = true;
      return await action();
    } catch (cause) {
      if (cause instanceof BerthError || (signal?.aborted && cause === signal.reason)) throw cause;
      const why = messageOf(cause);
      throw new ObjectStoreError(`Cannot ${what} in the folder '${this.#root}': ${why}.`, { cause });
    }
  }
}

function describeList(bucket: string, prefix: string): string {
  return `list '${prefix}' in bucket '${bucket}'`;
}
