/**
 * Maps objects to files in a folder, and moves files into their places.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { syncToDisk } from "../../util/durable_file.ts";
import { ObjectStoreError } from "../../errors.ts";
import { assertObjectName, describeObject } from "../object_name.ts";
import { unlessMissing } from "../../util/files.ts";

/** Number of attempts: an empty folder may be removed between its creation and its use. */
const PLACE_TRIES = 5;

/** Files and folders of the buckets in one folder. Does not follow links. */
export class ObjectPaths {
  readonly #root: string;

  /** @param root Absolute path of the folder. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Returns the path of an object. @throws {ObjectStoreError} If a name is not allowed. */
  pathOf(bucket: string, key: string): string {
    assertObjectName(bucket, key);
    return join(this.#root, bucket, key);
  }

  /**
   * Describes the file of an object, without following links.
   *
   * @returns `undefined` if there is no such file.
   * @throws {Deno.errors.NotFound} If there is no root: its disk may not be mounted.
   */
  async find(bucket: string, key: string): Promise<Deno.FileInfo | undefined> {
    const found = await this.#find(bucket, key);
    if (!found) await Deno.stat(this.#root);
    return found;
  }

  async #find(bucket: string, key: string): Promise<Deno.FileInfo | undefined> {
    const parts = [bucket, ...key.split("/")];
    let path = this.#root;
    for (const [index, part] of parts.entries()) {
      path = join(path, part);
      const found = await unlessMissing(Deno.lstat(path));
      if (index === parts.length - 1) return found?.isFile ? found : undefined;
      if (!found?.isDirectory) return undefined;
    }
  }

  /** Whether a folder exists, without following links. Its name ends with a slash. */
  async isFolder(bucket: string, folder: string): Promise<boolean> {
    let path = join(this.#root, bucket);
    for (const part of folder.split("/").slice(0, -1)) {
      path = join(path, part);
      if (!(await unlessMissing(Deno.lstat(path)))?.isDirectory) return false;
    }
    return true;
  }

  /** Lists the keys of the files and folders in a folder. The key of a folder ends with a slash. */
  async keysIn(bucket: string, folder: string): Promise<string[]> {
    const path = join(this.#root, bucket, folder);
    const entries = await unlessMissing(Array.fromAsync(Deno.readDir(path))) ?? [];
    return entries.filter((entry) => entry.isFile || entry.isDirectory)
      .map((entry) => `${folder}${entry.name}${entry.isDirectory ? "/" : ""}`);
  }

  /** Checks that a bucket exists. @throws {ObjectStoreError} If it does not exist, or is not a folder. */
  async assertBucket(bucket: string): Promise<void> {
    const found = await unlessMissing(Deno.lstat(join(this.#root, bucket)));
    if (found?.isDirectory) return;
    throw new ObjectStoreError(
      found
        ? `Cannot use bucket '${bucket}': '${join(this.#root, bucket)}' is not a folder.`
        : `There is no bucket '${bucket}' in '${this.#root}'. Create it first.`,
    );
  }

  /**
   * Moves a file to the path of an object, durably, and replaces an existing file.
   *
   * @param temporary Path of the file.
   * @throws {ObjectStoreError} If another object prevents it.
   */
  async place(temporary: string, bucket: string, key: string): Promise<void> {
    const path = this.pathOf(bucket, key);
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
      await Deno.mkdir(path, { recursive: true, mode: 0o700 });
      await syncToDisk(parent);
    }
  }
}

function collision(bucket: string, key: string, other: string): ObjectStoreError {
  return new ObjectStoreError(
    `Cannot write ${
      describeObject(bucket, key)
    }: '${other}' is in its place, and a folder cannot hold both. ` +
      "Use another key, or delete what is there.",
  );
}
