/**
 * Reads files of containers through the Docker Engine.
 *
 * @module
 */

import { BerthError, ContainerFileError } from "../../errors.ts";
import { limitSilence } from "../../util/call_scope.ts";
import type { DockerodeClient, EngineRequestOptions } from "./dockerode_client.ts";
import type { DockerodeContainers } from "./dockerode_containers.ts";
import { toRefusal } from "./dockerode_errors.ts";
import { readTarFile, type TarFile } from "./tar_file.ts";

/**
 * Reads one regular file of a container. Does not follow links.
 *
 * @param client The engine.
 * @param containers The engine's calls.
 * @param container Id or name of the container.
 * @param path Absolute path of the file.
 * @param options Time limit, signal, and the size of the largest file to read, in bytes.
 * @returns Content of the file.
 * @throws {ContainerFileError} If the file is missing, too large or not a regular file.
 */
export async function readContainerFile(
  client: DockerodeClient,
  containers: DockerodeContainers,
  container: string,
  path: string,
  options: EngineRequestOptions & { readonly maxBytes: number },
): Promise<Uint8Array> {
  const where = `'${path}' in container '${container}'`;
  using scope = client.scope(`read ${where}`, options);
  try {
    const archive = await containers.openArchive(container, path, scope);
    const file = archive && await readTarFile(archive, options);
    if (file?.kind === "file") return file.bytes;
    throw toFileError(where, file, options.maxBytes);
  } catch (error) {
    throw scope.reasonFor(
      error instanceof BerthError ? error : toRefusal(`read ${where}`, 200, String(error)),
    );
  }
}

/**
 * Reads a folder of a container as a tar stream.
 *
 * @param client The engine.
 * @param containers The engine's calls.
 * @param container Id or name of the container.
 * @param path Absolute path of the folder.
 * @param options Longest silence of the engine, and a signal.
 * @throws {ContainerFileError} If the folder is missing.
 */
export async function* readContainerFolder(
  client: DockerodeClient,
  containers: DockerodeContainers,
  container: string,
  path: string,
  options: EngineRequestOptions,
): AsyncGenerator<Uint8Array> {
  const where = `'${path}' in container '${container}'`;
  using scope = client.scope(`read ${where}`, options);
  try {
    const archive = await containers.openArchive(container, path, scope);
    if (!archive) throw toFileError(where, undefined, 0);
    yield* limitSilence(archive, scope);
  } catch (error) {
    throw scope.reasonFor(error);
  }
}

function toFileError(
  where: string,
  file: Exclude<TarFile, { kind: "file" }> | undefined,
  maxBytes: number,
): Error {
  if (file?.kind === "too-large") {
    const message = `Cannot read ${where}: it has ${file.size} bytes, more than the limit of ${maxBytes}.`;
    return new ContainerFileError("too-large", message);
  }
  if (file?.kind === "not-a-file") {
    return new ContainerFileError(
      "not-a-file",
      `Cannot read ${where}: it is not a regular file but a ${file.type}.`,
    );
  }
  return new ContainerFileError("missing", `Cannot read ${where}: there is no such file.`);
}
