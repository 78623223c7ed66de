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
  /** What {@linkcode ObjectStore.append} was told to keep with it; absent when that is nothing, and in a list. */
  readonly metadata?: ObjectMetadata;
}

/**
 * Texts that are kept with an object and become visible together with its content. Names are lower-case letters,
 * digits and hyphens, values are printable ASCII; both together have at most 2000 bytes.
 */
export type ObjectMetadata = Readonly<Record<string, string>>;

/** An object's content, with what is known of it. The body must be read to its end or cancelled. */
export interface ObjectContent extends ObjectInfo {
  /** The bytes. */
  readonly body: ReadableStream<Uint8Array>;
}

/** Options of every call. */
export interface ObjectCallOptions {
  /** Cancels the call; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode ObjectStore.get}. */
export interface GetObjectOptions extends ObjectCallOptions {
  /** How many bytes to leave out at the beginning; at most the object's size. @default {0} */
  readonly offset?: number;
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

/** Options of {@linkcode ObjectStore.append}. */
export interface AppendObjectOptions extends PutObjectOptions {
  /** The object as the caller knows it. Absent: there must be none. */
  readonly onto?: Pick<ObjectInfo, "etag" | "size">;
  /**
   * What is in `onto`, where the caller has just read it: a store that writes small objects anew then need not.
   *
   * @default {it is read where it is needed}
   */
  readonly content?: Uint8Array;
  /** What is kept with the object from now on, in place of what was. @default {nothing} */
  readonly metadata?: ObjectMetadata;
}

/**
 * A store of named bytes. A write is visible as a whole or not at all. Every method rejects with
 * `ObjectStoreError` when the store does not answer: no answer is never read as "there is none".
 */
export interface ObjectStore {
  /** Makes sure that a bucket exists; a bucket that exists is left as it is. */
  ensureBucket(bucket: string, options?: ObjectCallOptions): Promise<void>;
  /** Reads an object. Rejects with `ObjectNotFoundError` when there is none. */
  get(bucket: string, key: string, options?: GetObjectOptions): Promise<ObjectContent>;
  /** What is known of an object, or `undefined` when there is none (or no such bucket). */
  stat(bucket: string, key: string, options?: ObjectCallOptions): Promise<ObjectInfo | undefined>;
  /** Writes an object, replacing what was there. */
  put(bucket: string, key: string, body: Uint8Array, options?: PutObjectOptions): Promise<ObjectInfo>;
  /**
   * Adds bytes to the end of an object, or makes it; bytes and metadata become visible together. However large
   * the object, no more than the bytes and 5 MiB are sent. Rejects with `ObjectConflictError`, and changes
   * nothing, when the object is not `onto`. After any other failure it may have been done.
   */
  append(bucket: string, key: string, body: Uint8Array, options?: AppendObjectOptions): Promise<ObjectInfo>;
  /** Lists the objects whose key begins with `prefix`, ordered by key. */
  list(bucket: string, prefix: string, options?: ObjectCallOptions): AsyncIterable<ObjectInfo>;
  /** Deletes an object; no error when there is none. */
  delete(bucket: string, key: string, options?: ObjectCallOptions): Promise<void>;
}
