/**
 * The port to an object store (S3 terms: bucket, key, ETag). Implemented by {@linkcode FolderObjectStore}
 * and, over S3, by the MinIO adapter.
 *
 * @module
 */

/** What is known of one object. */
export interface ObjectInfo {
  /** Key inside the bucket, with `/` between its parts. */
  readonly key: string;
  /** Size in bytes. */
  readonly size: number;
  /** Changes whenever the content does. Opaque. */
  readonly etag: string;
  /** When it was last written (UTC). */
  readonly lastModified: Date;
}

/** An object's content, with what is known of it. The body must be read to its end or cancelled. */
export interface ObjectContent extends ObjectInfo {
  /** The bytes. */
  readonly body: ReadableStream<Uint8Array>;
}

/** Options of every call. */
export interface ObjectCallOptions {
  /** Gives the call up. The promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode ObjectStore.put}. */
export interface PutObjectOptions extends ObjectCallOptions {
  /**
   * Media type of the content.
   *
   * @default {"application/octet-stream"}
   */
  readonly contentType?: string;
}

/**
 * A store of named bytes. A write is visible as a whole or not at all. Every method rejects with
 * `ObjectStoreError` when the store does not answer: no answer is never read as "there is none".
 */
export interface ObjectStore {
  /** Makes sure that a bucket exists; a bucket that exists is left as it is. */
  ensureBucket(bucket: string, options?: ObjectCallOptions): Promise<void>;
  /** Reads an object. Rejects with `ObjectNotFoundError` when there is none. */
  get(bucket: string, key: string, options?: ObjectCallOptions): Promise<ObjectContent>;
  /** What is known of an object, or `undefined` when there is none (or no such bucket). */
  stat(bucket: string, key: string, options?: ObjectCallOptions): Promise<ObjectInfo | undefined>;
  /** Writes an object, replacing what was there. */
  put(bucket: string, key: string, body: Uint8Array, options?: PutObjectOptions): Promise<ObjectInfo>;
  /** Lists the objects whose key begins with `prefix`, ordered by key. */
  list(bucket: string, prefix: string, options?: ObjectCallOptions): AsyncIterable<ObjectInfo>;
  /** Deletes an object; no error when there is none. */
  delete(bucket: string, key: string, options?: ObjectCallOptions): Promise<void>;
}
