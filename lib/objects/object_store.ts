/**
 * The port to an object store, in S3's terms: bucket, key, ETag. `FolderObjectStore` implements it in a folder, and
 * `MinioObjectStore` over S3.
 *
 * @module
 */

/** Description of one object. */
export interface ObjectInfo {
  /** Key inside the bucket, with `/` between its parts. */
  readonly key: string;
  /** Size in bytes. */
  readonly size: number;
  /** Opaque value that changes with the content. */
  readonly etag: string;
  /** When it was last written (UTC). */
  readonly lastModified: Date;
  /** Metadata that {@linkcode ObjectStore.append} stored. Absent if there is none, and in lists. */
  readonly metadata?: ObjectMetadata;
}

/**
 * Strings that are stored with an object and become visible together with its content. Names have lower-case letters,
 * digits and hyphens; values are printable ASCII. Names and values together have at most 2000 bytes.
 */
export type ObjectMetadata = Readonly<Record<string, string>>;

/** An object with its content. Read the body to its end, or cancel it. */
export interface ObjectContent extends ObjectInfo {
  /** Content of the object. */
  readonly body: ReadableStream<Uint8Array>;
}

/** Options of every call. */
export interface ObjectCallOptions {
  /** Cancels the call; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode ObjectStore.get}. */
export interface GetObjectOptions extends ObjectCallOptions {
  /** Number of bytes to skip, at most the object's size. @default {0} */
  readonly offset?: number;
}

/** Options of {@linkcode ObjectStore.put}. */
export interface PutObjectOptions extends ObjectCallOptions {
  /** Media type of the content. @default {"application/octet-stream"} */
  readonly contentType?: string;
}

/** Options of {@linkcode ObjectStore.append}. */
export interface AppendObjectOptions extends PutObjectOptions {
  /** The object as the caller knows it. If absent, the object must not exist. */
  readonly onto?: Pick<ObjectInfo, "etag" | "size">;
  /**
   * Content of `onto`, if the caller has just read it: some stores need it to rewrite small objects.
   *
   * @default {the store reads it if needed}
   */
  readonly content?: Uint8Array;
  /** Metadata that replaces the present metadata of the object. @default {none} */
  readonly metadata?: ObjectMetadata;
}

/** The access that {@linkcode ObjectStore.presign} grants. */
export interface PresignOptions extends ObjectCallOptions {
  /** The only method that the address allows. */
  readonly method: "GET" | "PUT";
  /** How long it allows that, in seconds. */
  readonly seconds: number;
}

/**
 * A store of named bytes. A write becomes visible completely or not at all. Every method rejects with `ObjectStoreError`
 * if the store does not answer: a call that fails never looks like an empty answer.
 */
export interface ObjectStore {
  /** Creates a bucket unless it exists. */
  ensureBucket(bucket: string, options?: ObjectCallOptions): Promise<void>;
  /** Reads an object. Rejects with `ObjectNotFoundError` if it does not exist. */
  get(bucket: string, key: string, options?: GetObjectOptions): Promise<ObjectContent>;
  /** Describes an object; `undefined` if the object or the bucket does not exist. */
  stat(bucket: string, key: string, options?: ObjectCallOptions): Promise<ObjectInfo | undefined>;
  /** Writes an object, and replaces an existing one. */
  put(bucket: string, key: string, body: Uint8Array, options?: PutObjectOptions): Promise<ObjectInfo>;
  /**
   * Writes an object from a local file, and replaces an existing one. Needs little memory, however large the file is.
   * `path` is absolute; the file must not change meanwhile.
   */
  putFile(bucket: string, key: string, path: string, options?: PutObjectOptions): Promise<ObjectInfo>;
  /**
   * Appends bytes to an object, or creates it. Bytes and metadata become visible together. Sends at most the bytes and
   * 5 MiB, however large the object is. Rejects with `ObjectConflictError` and changes nothing if the object is not
   * `onto`. After any other error, the bytes may or may not have been appended.
   */
  append(bucket: string, key: string, body: Uint8Array, options?: AppendObjectOptions): Promise<ObjectInfo>;
  /** Lists the objects whose keys begin with `prefix`, in the order of their keys. */
  list(bucket: string, prefix: string, options?: ObjectCallOptions): AsyncIterable<ObjectInfo>;
  /** Lists the keys that begin with `prefix`, in their order. Cheaper than {@linkcode list} where objects are files. */
  listKeys(bucket: string, prefix: string, options?: ObjectCallOptions): AsyncIterable<string>;
  /** Deletes an object. Does nothing if it does not exist. */
  delete(bucket: string, key: string, options?: ObjectCallOptions): Promise<void>;
  /**
   * Makes an address under which one object can be read or written for a while without credentials. Absent where a store
   * has no such addresses.
   *
   * @returns The address; `undefined` if the store behind this one has none.
   */
  presign?(bucket: string, key: string, options: PresignOptions): Promise<string | undefined>;
}
