/**
 * Appends to objects in a folder.
 *
 * @module
 */

import { ObjectConflictError } from "../../errors.ts";
import { unlessMissing } from "../../util/files.ts";
import type { UploadFolder } from "../../util/upload_folder.ts";
import type { AppendObjectOptions, ObjectInfo } from "../object_store.ts";
import { writeToDisk } from "../../util/durable_file.ts";
import { toObjectInfo } from "./file_object_info.ts";
import type { LengthRecords } from "./length_records.ts";
import type { ObjectPaths } from "./object_paths.ts";

/** Parts of a {@linkcode FolderAppend}. */
export interface FolderAppendOptions {
  /** Where objects are. */
  readonly paths: ObjectPaths;
  /** Holds files before they get their names. */
  readonly uploads: UploadFolder;
  /** Records how much of each file counts. */
  readonly lengths: LengthRecords;
}

/**
 * Appends so that a crash leaves the bytes before or all of them: an append counts once the record of the file's length
 * includes it.
 */
export class FolderAppend {
  readonly #paths: ObjectPaths;
  readonly #uploads: UploadFolder;
  readonly #lengths: LengthRecords;

  /** @param options See {@linkcode FolderAppendOptions}. */
  constructor({ paths, uploads, lengths }: FolderAppendOptions) {
    this.#paths = paths;
    this.#uploads = uploads;
    this.#lengths = lengths;
  }

  /**
   * Makes the first append, which writes the record before the file gets its name.
   *
   * @param bucket Name of the bucket.
   * @param key Key of the object.
   * @param body The bytes.
   * @param options Metadata and a signal.
   * @throws {ObjectConflictError} If there is such an object.
   */
  async create(
    bucket: string,
    key: string,
    body: Uint8Array,
    { metadata = {}, signal }: AppendObjectOptions,
  ): Promise<ObjectInfo> {
    const temporary = this.#uploads.newPath();
    try {
      const written = await writeToDisk(temporary, body, signal);
      using _lock = await this.#lengths.lock();
      signal?.throwIfAborted();
      if (await this.#paths.find(bucket, key) !== undefined) throw new ObjectConflictError(bucket, key);
      const record = await this.#lengths.write(`${bucket}/${key}`, written, body.length, metadata);
      await this.#paths.place(temporary, bucket, key);
      return toObjectInfo(key, written, record);
    } catch (error) {
      await unlessMissing(Deno.remove(temporary));
      throw error;
    }
  }

  /**
   * Appends to an object.
   *
   * @param bucket Name of the bucket.
   * @param key Key of the object.
   * @param body The bytes.
   * @param options The version to append to.
   * @throws {ObjectConflictError} If the object has another version, or is not there.
   */
  async extend(
    bucket: string,
    key: string,
    body: Uint8Array,
    { onto, metadata = {}, signal }: AppendObjectOptions,
  ): Promise<ObjectInfo> {
    const name = `${bucket}/${key}`;
    const isThere = await this.#paths.find(bucket, key) !== undefined;
    using file = isThere
      ? await unlessMissing(Deno.open(this.#paths.pathOf(bucket, key), { read: true, write: true }))
      : undefined;
    if (file === undefined) throw new ObjectConflictError(bucket, key);
    await file.lock(true);
    const before = await file.stat();
    const { size, etag: found } = toObjectInfo(key, before, await this.#lengths.read(name, before));
    const isCurrent = (await this.#paths.find(bucket, key))?.ino === before.ino;
    if (!isCurrent || found !== onto?.etag) throw new ObjectConflictError(bucket, key);
    signal?.throwIfAborted();
    // Recorded before the write, so that the new bytes do not count yet.
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
}
