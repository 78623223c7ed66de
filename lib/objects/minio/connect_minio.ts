/**
 * The connection to a MinIO server, or any other that speaks S3.
 *
 * @module
 */

import http from "node:http";
import https from "node:https";
import { Client } from "minio";
import { makeMinioTransport } from "./minio_transport.ts";

/** Larger than any object of Berth's: an upload in parts would leave parts behind when it breaks off. */
const PART_BYTES = 5 * 1024 ** 3;

/** Where the store is, and how to be let in. */
export interface MinioConnection {
  /** Name or address of the host. */
  readonly endPoint: string;
  /** Its port. @default 443 or 80 */
  readonly port?: number;
  /** Whether to speak HTTPS. */
  readonly useSSL: boolean;
  /** Access key. */
  readonly accessKey: string;
  /** Secret key. */
  readonly secretKey: string;
}

/**
 * Makes the connection that a `MinioObjectStore` takes. Nothing is sent yet.
 *
 * @param connection Where the store is.
 * @returns The client.
 */
export function connectMinio(connection: MinioConnection): Client {
  const { Agent } = connection.useSSL ? https : http;
  return new Client({
    ...connection,
    transport: makeMinioTransport(connection.useSSL),
    // A connection that the server has closed meanwhile is never used again.
    transportAgent: new Agent({ keepAlive: false }),
    partSize: PART_BYTES,
    // The client's own retries print to the console; who calls decides about another try.
    retryOptions: { disableRetry: true },
  });
}
