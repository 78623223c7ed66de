/**
 * An {@linkcode ObjectStore} that is created with its first call.
 *
 * @module
 */

import type {
  AppendObjectOptions,
  GetObjectOptions,
  ObjectCallOptions,
  ObjectContent,
  ObjectInfo,
  ObjectStore,
  PresignOptions,
  PutObjectOptions,
} from "./object_store.ts";

/** Creates a store with the first call, and passes all calls on to it. */
export class LazyObjectStore implements ObjectStore {
  readonly #make: () => Promise<ObjectStore>;
  #store: Promise<ObjectStore> | undefined;

  /**
   * @param make Creates the store. Called once, and again after a failure.
   */
  constructor(make: () => Promise<ObjectStore>) {
    this.#make = make;
  }

  async ensureBucket(bucket: string, options?: ObjectCallOptions): Promise<void> {
    await (await this.#open()).ensureBucket(bucket, options);
  }

  async get(bucket: string, key: string, options?: GetObjectOptions): Promise<ObjectContent> {
    return await (await this.#open()).get(bucket, key, options);
  }

  async stat(bucket: string, key: string, options?: ObjectCallOptions): Promise<ObjectInfo | undefined> {
    return await (await this.#open()).stat(bucket, key, options);
  }

  async put(
    bucket: string,
    key: string,
    body: Uint8Array,
    options?: PutObjectOptions,
  ): Promise<ObjectInfo> {
    return await (await this.#open()).put(bucket, key, body, options);
  }

  async putFile(bucket: string, key: string, path: string, options?: PutObjectOptions): Promise<ObjectInfo> {
    return await (await this.#open()).putFile(bucket, key, path, options);
  }

  async append(
    bucket: string,
    key: string,
    body: Uint8Array,
    options?: AppendObjectOptions,
  ): Promise<ObjectInfo> {
    return await (await this.#open()).append(bucket, key, body, options);
  }

  async *list(bucket: string, prefix: string, options?: ObjectCallOptions): AsyncGenerator<ObjectInfo> {
    yield* (await this.#open()).list(bucket, prefix, options);
  }

  async *listKeys(bucket: string, prefix: string, options?: ObjectCallOptions): AsyncGenerator<string> {
    yield* (await this.#open()).listKeys(bucket, prefix, options);
  }

  async delete(bucket: string, key: string, options?: ObjectCallOptions): Promise<void> {
    await (await this.#open()).delete(bucket, key, options);
  }

  async presign(bucket: string, key: string, options: PresignOptions): Promise<string | undefined> {
    return await (await this.#open()).presign?.(bucket, key, options);
  }

  #open(): Promise<ObjectStore> {
    return this.#store ??= this.#make().catch((error) => {
      this.#store = undefined;
      throw error;
    });
  }
}
