/**
 * The buckets of one test's instance, in MinIO, behind a passage.
 *
 * @module
 */

import { zipSync } from "fflate";
import { connectMinio } from "../../lib/objects/minio/connect_minio.ts";
import { MinioObjectStore } from "../../lib/objects/minio/minio_object_store.ts";
import { storedLines } from "../stored_lines.ts";
import { minioConnection } from "./minio_support.ts";
import { Passage } from "./passage.ts";

/** @param stack Closes and removes all of it. @param instance The test's instance. */
export async function openStageMinio(stack: AsyncDisposableStack, instance: string) {
  const connection = minioConnection();
  const client = connectMinio(connection);
  const store = new MinioObjectStore(client);
  const bucket = `berth-${instance}`;
  const buckets = { code: bucket, logs: `${bucket}-logs`, results: `${bucket}-results` };
  for (const each of Object.values(buckets)) await store.ensureBucket(each);
  stack.defer(async () => {
    for (const each of Object.values(buckets)) {
      for (const { key } of await Array.fromAsync(store.list(each, ""))) await store.delete(each, key);
      await client.removeBucket(each);
    }
  });
  const passage = stack.use(new Passage({ host: connection.endPoint, port: connection.port ?? 9000 }));
  await passage.open();
  const encode = (text: string) => new TextEncoder().encode(text);
  return {
    passage,
    endpoint: `${connection.endPoint}:${connection.port ?? 9000}`,
    code: {
      async put(key: string, files: Record<string, string>) {
        const entries = Object.entries(files).map(([name, text]) => [name, encode(text)]);
        await store.put(bucket, key, zipSync(Object.fromEntries(entries)));
      },
      delete: (key: string) => store.delete(bucket, key),
    },
    storedTexts: async (id: string) => (await storedLines(store, id, buckets.logs)).map(({ text }) => text),
    env: {
      MINIO_ENDPOINT: passage.address,
      MINIO_ACCESS_KEY: connection.accessKey,
      MINIO_SECRET_KEY: connection.secretKey,
      MINIO_SSL: String(connection.useSSL),
      MINIO_CODE_BUCKET: buckets.code,
      MINIO_LOGS_BUCKET: buckets.logs,
      MINIO_BACKTESTS_BUCKET: buckets.results,
    },
  };
}
