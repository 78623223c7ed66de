/**
 * Metadata of an object in the headers of an S3 server's answer.
 *
 * @module
 */

import type { IncomingMessage } from "node:http";
import type { ObjectInfo } from "../object_store.ts";

/** Begins the header of each metadata of an object. */
const METADATA_HEADER = "x-amz-meta-";

/**
 * Writes the headers of an object.
 *
 * @param contentType Its type.
 * @param metadata Its metadata.
 */
export function toHeaders(
  contentType: string,
  metadata: Readonly<Record<string, string>>,
): Record<string, string> {
  const headers: Record<string, string> = { "content-type": contentType };
  for (const [name, value] of Object.entries(metadata)) headers[METADATA_HEADER + name] = value;
  return headers;
}

/**
 * Reads the headers of an answer.
 *
 * @param key Key of the object.
 * @param headers The headers.
 */
export function fromHeaders(key: string, headers: IncomingMessage["headers"]): ObjectInfo {
  const metadata = Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith(METADATA_HEADER))
      .map(([name, value]) => [name.slice(METADATA_HEADER.length), String(value)]),
  );
  // In the answer to a range, the size of the whole object follows the range.
  const size = headers["content-range"]?.split("/")[1] ?? headers["content-length"];
  return {
    key,
    size: Number(size),
    etag: (headers.etag ?? "").replaceAll('"', ""),
    lastModified: new Date(headers["last-modified"] ?? 0),
    ...(Object.keys(metadata).length > 0 && { metadata }),
  };
}
