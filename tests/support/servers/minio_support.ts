/**
 * The MinIO server of the tests.
 *
 * @module
 */

import type { MinioConnection } from "../../../lib/objects/minio/connect_minio.ts";

/** Where it is, and as whom tests come. */
export function minioConnection(): MinioConnection {
  const endpoint = Deno.env.get("MINIO_ENDPOINT");
  const accessKey = Deno.env.get("MINIO_ACCESS_KEY");
  const secretKey = Deno.env.get("MINIO_SECRET_KEY");
  if (!endpoint || !accessKey || !secretKey) {
    throw new Error(
      "Set MINIO_ENDPOINT, MINIO_ACCESS_KEY and MINIO_SECRET_KEY, or run the tests with `./berth test`.",
    );
  }
  const [endPoint = "", port] = endpoint.split(":");
  const useSSL = Deno.env.get("MINIO_SSL") === "true";
  return { endPoint, ...(port && { port: Number(port) }), useSSL, accessKey, secretKey };
}
