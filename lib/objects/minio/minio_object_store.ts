/**
 * An {@linkcode ObjectStore} on a MinIO server, or another server that speaks S3.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import type { BucketItem, Client } from "minio";
import { ObjectConflictError, ObjectNotFoundError } from "../../errors.ts";
import {
  assertBucketName,
  assertMetadata,
  assertObjectName,
  describeObject,
  isObjectKey,
} from "../object_name.ts";
import type {
  AppendObjectOptions,
  GetObjectOptions,
  ObjectCallOptions,
  ObjectContent,
  ObjectInfo,
  ObjectStore,
  PresignOptions,
  PutObjectOptions,
} from "../object_store.ts";
import { toWebStream } from "./web_stream.ts";
import { abortUploads, appendObject, MIN_PART_BYTES } from "./minio_append.ts";
import { MinioCalls } from "./minio_calls.ts";
import { codeOf, isMissing } from "./minio_errors.ts";
import { fromHeaders, toHeaders } from "./minio_headers.ts";

/** Time limits in ms. */
export interface MinioTimeLimits {
  /** An answer, and each piece of an object: within this time, a hanging server is noticed. @default {20_000} */
  readonly callMs: number;
}

/** Options of {@linkcode MinioObjectStore}. */
export interface MinioObjectStoreOptions {
  /** Time limits that differ from the defaults. */
  readonly timeouts?: Partial<MinioTimeLimits>;
  /** Clock, in ms since 1970. @default {Date.now} */
  readonly clock?: () => number;
}

const OTHER: ReadonlySet<unknown> = new Set([
  "PreconditionFailed",
  "ConditionalRequestConflict",
  "NoSuchKey",
]);
const MAX_SWEPT = 10_000;
/** Slowest accepted rates of connection and server, in bytes per ms. */
const SLOWEST_UPLOAD_BYTES_PER_MS = 100;
const SLOWEST_COPY_BYTES_PER_MS = 20_000;
const DEFAULT_TYPE = "application/octet-stream";
const EXISTING: ReadonlySet<unknown> = new Set(["BucketAlreadyOwnedByYou", "BucketAlreadyExists"]);

/**
 * Stores objects on a server. A call that exceeds its time limit rejects with an `ObjectStoreError` whose cause is the
 * `TimeLimitError`. `put` returns a time by this host's clock. Lists omit entries for folders, whose keys end in a slash.
 */
export class MinioObjectStore implements ObjectStore {
  readonly #client: Client;
  readonly #calls: MinioCalls;
  readonly #callMs: number;
  readonly #clock: () => number;
  /** Objects whose open uploads all belong to this process. */
  readonly #swept = new Set<string>();

  /** @param client The client, see `connectMinio()`. @param options Limits and the clock. */
  constructor(client: Client, options: MinioObjectStoreOptions = {}) {
    this.#client = client;
    this.#callMs = options.timeouts?.callMs ?? 20_000;
    this.#calls = new MinioCalls(client, this.#callMs);
    this.#clock = options.clock ?? Date.now;
  }

  async ensureBucket(bucket: string, options: ObjectCallOptions = {}): Promise<void> {
    assertBucketName(bucket);
    // Checks first, since credentials may allow to use a bucket but not to create one.
    await this.#calls.call(`make sure of bucket '${bucket}'`, options, async () => {
      if (await this.#client.bucketExists(bucket)) return;
      await this.#client.makeBucket(bucket).catch((error) => {
        if (!EXISTING.has(error?.code)) throw error;
      });
    });
  }

  async get(bucket: string, key: string, options: GetObjectOptions = {}): Promise<ObjectContent> {
    assertObjectName(bucket, key);
    const what = `read ${describeObject(bucket, key)}`;
    const scope = this.#calls.scope(what, options);
    try {
      const offset = options.offset ?? 0;
      const response = await this.#calls.send(
        scope,
        () => this.#client.getPartialObject(bucket, key, offset),
      ) as IncomingMessage;
      const body = toWebStream(response, scope, (error) => this.#calls.toError(what, scope, error));
      return { ...fromHeaders(key, response.headers), body };
    } catch (error) {
      // An offset at the end: a server refuses a range without bytes.
      if (codeOf(error) === "InvalidRange") {
        scope[Symbol.dispose]();
        return await this.#emptyRest(bucket, key, options);
      }
      const reason = isMissing(error) ? new ObjectNotFoundError(bucket, key, { cause: error }) : error;
      const thrown = this.#calls.toError(what, scope, reason);
      scope[Symbol.dispose]();
      throw thrown;
    }
  }

  async stat(bucket: string, key: string, options: ObjectCallOptions = {}): Promise<ObjectInfo | undefined> {
    assertObjectName(bucket, key);
    return await this.#calls.call(`look for ${describeObject(bucket, key)}`, options, async () => {
      try {
        const request = { method: "HEAD", bucketName: bucket, objectName: key };
        const response = await this.#client.makeRequestAsync(request);
        response.resume();
        return fromHeaders(key, response.headers);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  async put(
    bucket: string,
    key: string,
    body: Uint8Array,
    options: PutObjectOptions = {},
  ): Promise<ObjectInfo> {
    assertObjectName(bucket, key);
    const content = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    const metadata = { "Content-Type": options.contentType ?? DEFAULT_TYPE };
    return await this.#calls.call(`write ${describeObject(bucket, key)}`, options, async () => {
      const { etag } = await this.#client.putObject(bucket, key, content, content.length, metadata);
      return { key, size: content.length, etag, lastModified: new Date(this.#clock()) };
    }, this.#uploadMs(content.length));
  }

  async putFile(
    bucket: string,
    key: string,
    path: string,
    options: PutObjectOptions = {},
  ): Promise<ObjectInfo> {
    assertObjectName(bucket, key);
    const { size } = await Deno.stat(path);
    const metadata = { "Content-Type": options.contentType ?? DEFAULT_TYPE };
    try {
      return await this.#calls.call(`write ${describeObject(bucket, key)}`, options, async () => {
        const { etag } = await this.#client.fPutObject(bucket, key, path, metadata);
        return { key, size, etag, lastModified: new Date(this.#clock()) };
      }, this.#uploadMs(size));
    } catch (error) {
      // A large file is sent in parts, which stay until their upload is given up.
      await this.#discardUploads(bucket, key);
      throw error;
    }
  }

  async append(
    bucket: string,
    key: string,
    body: Uint8Array,
    options: AppendObjectOptions = {},
  ): Promise<ObjectInfo> {
    assertObjectName(bucket, key);
    const { onto, content, metadata = {}, contentType = DEFAULT_TYPE } = options;
    assertMetadata(metadata);
    const headers = toHeaders(contentType, metadata);
    const isUpload = onto !== undefined && onto.size >= MIN_PART_BYTES;
    if (isUpload && !this.#swept.has(`${bucket}/${key}`)) await this.#abortUploads(bucket, key, options);
    try {
      const etag = await this.#calls.call(
        `append to ${describeObject(bucket, key)}`,
        options,
        () =>
          appendObject(this.#client, { bucket, key, headers, ...(onto && { known: onto, content }) }, body),
        this.#uploadMs(body.length + Math.min(onto?.size ?? 0, MIN_PART_BYTES), onto?.size),
      );
      const kept = Object.keys(metadata).length > 0 ? { metadata } : {};
      const size = (onto?.size ?? 0) + body.length;
      return { key, size, etag, lastModified: new Date(this.#clock()), ...kept };
    } catch (error) {
      if (isUpload) await this.#discardUploads(bucket, key);
      const { cause } = error as { cause?: unknown };
      throw OTHER.has(codeOf(cause)) ? new ObjectConflictError(bucket, key, { cause: error }) : error;
    }
  }

  async *listKeys(bucket: string, prefix: string, options?: ObjectCallOptions): AsyncGenerator<string> {
    for await (const { key } of this.list(bucket, prefix, options)) yield key;
  }

  async *list(bucket: string, prefix: string, options: ObjectCallOptions = {}): AsyncGenerator<ObjectInfo> {
    assertBucketName(bucket);
    const what = `list '${prefix}' in bucket '${bucket}'`;
    using scope = this.#calls.scope(what, options);
    const items = this.#client.listObjectsV2(bucket, prefix, true);
    const iterator: AsyncIterator<BucketItem> = items[Symbol.asyncIterator]();
    try {
      while (true) {
        scope.restartLimit();
        const { done, value } = await this.#calls.send(scope, () => iterator.next());
        scope.endLimit();
        if (done) return;
        if (value.name === undefined || !isObjectKey(value.name)) continue;
        yield { key: value.name, size: value.size, etag: value.etag, lastModified: value.lastModified };
      }
    } catch (error) {
      throw this.#calls.toError(what, scope, error);
    } finally {
      items.destroy();
    }
  }

  async delete(bucket: string, key: string, options: ObjectCallOptions = {}): Promise<void> {
    assertObjectName(bucket, key);
    await this.#calls.call(`delete ${describeObject(bucket, key)}`, options, async () => {
      await this.#client.removeObject(bucket, key).catch((error) => {
        if (!isMissing(error)) throw error;
      });
    });
  }

  async presign(
    bucket: string,
    key: string,
    { method, seconds, ...options }: PresignOptions,
  ): Promise<string> {
    assertObjectName(bucket, key);
    // The first call for a bucket asks the server for its region.
    return await this.#calls.call(
      `make an address for ${describeObject(bucket, key)}`,
      options,
      () => this.#client.presignedUrl(method, bucket, key, seconds),
    );
  }

  async #abortUploads(bucket: string, key: string, options: ObjectCallOptions): Promise<void> {
    await this.#calls.call(
      `give up what is left of writing ${describeObject(bucket, key)}`,
      options,
      () => abortUploads(this.#client, bucket, key),
    );
    // One entry for each large object and day: forgetting an entry costs one request.
    if (this.#swept.size >= MAX_SWEPT) this.#swept.clear();
    this.#swept.add(`${bucket}/${key}`);
  }

  /** Time limit of a call. @param sent Bytes that the call sends. @param copied Bytes that the server itself copies. */
  #uploadMs(sent: number, copied = 0): number {
    return this.#callMs + sent / SLOWEST_UPLOAD_BYTES_PER_MS + copied / SLOWEST_COPY_BYTES_PER_MS;
  }

  /** Aborts uploads after a failure. If that fails, too, the next append does it. */
  async #discardUploads(bucket: string, key: string): Promise<void> {
    this.#swept.delete(`${bucket}/${key}`);
    await this.#abortUploads(bucket, key, {}).catch(() => {});
  }

  async #emptyRest(bucket: string, key: string, options: ObjectCallOptions): Promise<ObjectContent> {
    const info = await this.stat(bucket, key, options);
    if (!info) throw new ObjectNotFoundError(bucket, key);
    return { ...info, body: new Blob([]).stream() };
  }
}
