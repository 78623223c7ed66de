/**
 * Creates the object store that a configuration names.
 *
 * @module
 */

import { ensureDataDir } from "../util/data_dir.ts";
import type { DockerRunnerConfig } from "./docker_runner_config.ts";
import { FolderObjectStore } from "../objects/folder/folder_object_store.ts";
import { LazyObjectStore } from "../objects/lazy_object_store.ts";
import type { ObjectStore } from "../objects/object_store.ts";

/**
 * Creates the object store that a configuration names: MinIO, or a folder in `dataDir`. The MinIO client, which takes
 * 20 MB of memory, is loaded with the first call.
 *
 * @param config The configuration.
 */
export function createObjectStore(config: DockerRunnerConfig): ObjectStore {
  const { minio, dataDir } = config;
  if (!minio) {
    return new FolderObjectStore(`${dataDir}/objects`, { ready: () => ensureDataDir(dataDir) });
  }
  return new LazyObjectStore(async () => {
    const [{ connectMinio }, { MinioObjectStore }] = await Promise.all([
      import("../objects/minio/connect_minio.ts"),
      import("../objects/minio/minio_object_store.ts"),
    ]);
    const { host, port, ssl, accessKey, secretKey } = minio;
    const client = connectMinio({
      endPoint: host,
      port,
      useSSL: ssl,
      accessKey: accessKey.reveal(),
      secretKey: secretKey.reveal(),
    });
    return new MinioObjectStore(client);
  });
}
