/**
 * Appends bytes to an object over S3, which has no such call. A small object is written again; a large one is copied by
 * the server itself, as the first parts of an upload whose last part is the bytes.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { buffer, text } from "node:stream/consumers";
import type { Client } from "minio";

/** Smallest size of a part that is not the last, in bytes. Smaller objects are written again. */
export const MIN_PART_BYTES = 5 * 1024 ** 2;
/** Largest part that a server copies at once, in bytes. */
const MAX_COPY_BYTES = 5 * 1024 ** 3;

/** The object to append to. */
export interface AppendTarget {
  /** Name of the bucket. */
  readonly bucket: string;
  /** Key of the object. */
  readonly key: string;
  /** The object as the caller knows it; absent if it must not exist. */
  readonly known?: { readonly etag: string; readonly size: number };
  /** Content of the object, if the caller has read it. */
  readonly content?: Uint8Array;
  /** Headers of the new object: media type and metadata. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A part of an upload. */
interface Part {
  readonly number: number;
  readonly etag: string;
}

/**
 * Appends bytes. The server itself compares the ETags at the moment of the change.
 *
 * @param client The client.
 * @param target The object to append to.
 * @param body The bytes.
 * @returns ETag of the new object.
 * @throws {Error} The client's own error. Its `code` is `PreconditionFailed` if the object has changed.
 */
export async function appendObject(client: Client, target: AppendTarget, body: Uint8Array): Promise<string> {
  const { known, content, headers } = target;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (!known) return await put(client, target, { ...headers, "if-none-match": "*" }, bytes);
  const condition = { "if-match": `"${known.etag}"` };
  if (known.size >= MIN_PART_BYTES) return await appendAsPart(client, target, condition, bytes);
  const before = content?.length === known.size ? content : await get(client, target, condition);
  return await put(client, target, { ...headers, ...condition }, Buffer.concat([before, bytes]));
}

/**
 * Aborts uploads of an object that a dead process has left open.
 *
 * @param client The client.
 * @param bucket The bucket.
 * @param key The object's key: MinIO lists the uploads of one object only.
 */
export async function abortUploads(client: Client, bucket: string, key: string): Promise<void> {
  const uploads = client.listIncompleteUploads(bucket, key, true);
  for await (const { key: of, uploadId } of uploads) {
    if (of === key) await client.abortMultipartUpload(bucket, key, uploadId);
  }
}

async function get(
  client: Client,
  { bucket, key }: AppendTarget,
  headers: Record<string, string>,
): Promise<Buffer> {
  const request = { method: "GET", bucketName: bucket, objectName: key, headers };
  return await buffer(await client.makeRequestAsync(request));
}

async function put(
  client: Client,
  { bucket, key }: AppendTarget,
  headers: Record<string, string>,
  bytes: Buffer,
): Promise<string> {
  const request = { method: "PUT", bucketName: bucket, objectName: key, headers };
  return etagOf(await drained(await client.makeRequestAsync(request, bytes)));
}

async function appendAsPart(
  client: Client,
  { bucket, key, known, headers }: AppendTarget,
  condition: Record<string, string>,
  bytes: Buffer,
): Promise<string> {
  const uploadId = await client.initiateNewMultipartUpload(bucket, key, { ...headers });
  const part = async (number: number, headers: Record<string, string>, payload: Buffer | "") => {
    const query = `partNumber=${number}&uploadId=${encodeURIComponent(uploadId)}`;
    const request = { method: "PUT", bucketName: bucket, objectName: key, query, headers };
    return await client.makeRequestAsync(request, payload);
  };
  const { size, etag } = known!;
  const ranges = rangesOf(size);
  const parts: Part[] = [];
  for (const [index, range] of ranges.entries()) {
    const answer = await text(
      await part(index + 1, {
        "x-amz-copy-source": `/${bucket}/${key.split("/").map(encodeURIComponent).join("/")}`,
        "x-amz-copy-source-if-match": `"${etag}"`,
        ...(ranges.length > 1 && { "x-amz-copy-source-range": range }),
      }, ""),
    );
    parts.push({ number: index + 1, etag: inXml(answer, "ETag") });
  }
  const number = parts.length + 1;
  parts.push({ number, etag: etagOf(await drained(await part(number, {}, bytes))) });
  return await complete(client, { bucket, key, uploadId, parts, condition });
}

async function complete(
  client: Client,
  { bucket, key, uploadId, parts, condition }: {
    readonly bucket: string;
    readonly key: string;
    readonly uploadId: string;
    readonly parts: readonly Part[];
    readonly condition: Record<string, string>;
  },
): Promise<string> {
  const listed = parts.map(({ number, etag }) =>
    `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`
  );
  const request = {
    method: "POST",
    bucketName: bucket,
    objectName: key,
    query: `uploadId=${encodeURIComponent(uploadId)}`,
    headers: { ...condition },
  };
  const xml = `<CompleteMultipartUpload>${listed.join("")}</CompleteMultipartUpload>`;
  const answer = await text(await client.makeRequestAsync(request, xml));
  // The server sends the status before it is done, so the body may still report a failure.
  if (!answer.includes("<Error>")) return inXml(answer, "ETag");
  const error = new Error(inXml(answer, "Message"));
  throw Object.assign(error, { code: inXml(answer, "Code") });
}

/** Computes the parts in which a server copies an object. */
export function rangesOf(size: number): string[] {
  const count = Math.ceil(size / MAX_COPY_BYTES);
  // Equal lengths, so that no part is too short.
  const at = (index: number) => Math.floor((size * index) / count);
  return Array.from({ length: count }, (_, index) => `bytes=${at(index)}-${at(index + 1) - 1}`);
}

async function drained(response: IncomingMessage): Promise<IncomingMessage> {
  await buffer(response);
  return response;
}

function etagOf(response: IncomingMessage): string {
  return (response.headers.etag ?? "").replaceAll('"', "");
}

function inXml(xml: string, name: string): string {
  const found = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
  return found.replace(/&quot;|&#34;|"/g, "").replaceAll("&amp;", "&");
}
