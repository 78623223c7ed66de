/**
 * Connects to a MinIO server, or another server that speaks S3.
 *
 * @module
 */

import http from "node:http";
import https from "node:https";
import { Client } from "minio";
import { makeMinioTransport } from "./minio_transport.ts";

/** Size of a part: larger than any object of Berth, since an upload in parts leaves parts behind if it breaks off. */
const PART_BYTES = 5 * 1024 ** 3;

/** Address and credentials of a store. */
export interface MinioConnection {
  /** Host name or address. */
  readonly endPoint: string;
  /** Port. @default {443 with HTTPS, else 80} */
  readonly port?: number;
  /** Whether to speak HTTPS. */
  readonly useSSL: boolean;
  /** Access key. */
  readonly accessKey: string;
  /** Secret key. */
  readonly secretKey: string;
}

/**
 * Creates the client of a `MinioObjectStore`. Sends nothing yet.
 *
 * @param connection Address and credentials.
 * @returns The client.
 */
export function connectMinio(connection: MinioConnection): Client {
  const { Agent } = connection.useSSL ? https : http;
  return new Client({
    ...connection,
    transport: makeMinioTransport(connection.useSSL),
    // Not kept alive, so that a connection that the server has closed is never reused.
    transportAgent: new Agent({ keepAlive: false }),
    partSize: PART_BYTES,
    // No retries by the client: they print to the console, and the caller decides about retries.
    retryOptions: { disableRetry: true },
  });
}
