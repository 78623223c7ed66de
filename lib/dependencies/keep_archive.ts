/**
 * Keeps an archive that a build has left.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { BuiltArchive } from "../executable/code_dependencies.ts";
import { InvalidArchiveError } from "../errors.ts";
import { onDisk } from "../util/files.ts";
import { DependencyError } from "./dependency_error.ts";
import type { DependencyKind, DependencyStore } from "./dependency_store.ts";
import type { DependencyTrees } from "./dependency_trees.ts";

/** An archive to keep. */
export interface NewArchive {
  /** Its kind. */
  readonly kind: DependencyKind;
  /** Its key. */
  readonly key: string;
  /** Absolute path of the file. */
  readonly path: string;
}

/**
 * Checks and extracts an archive like a bot's, then puts it into the object store. It is extracted first: the
 * start that follows needs the tree, and an archive that is refused is not stored.
 *
 * @param tools Where to keep it.
 * @param archive The archive.
 * @throws {DependencyError} If the archive is refused.
 */
export async function keepArchive(
  { store, trees }: { readonly store: DependencyStore; readonly trees: DependencyTrees },
  { kind, key, path }: NewArchive,
  signal: AbortSignal,
): Promise<BuiltArchive> {
  const sha256 = await onDisk(`read '${path}'`, () => hashFile(path));
  const { size } = await onDisk(`read '${path}'`, () => Deno.lstat(path));
  try {
    await trees.add(path, { sha256, size }, signal);
  } catch (error) {
    if (!(error instanceof InvalidArchiveError)) throw error;
    throw new DependencyError("failed", `The installed packages are refused: ${error.summary}`, {
      cause: error,
    });
  }
  return await store.add(kind, key, { path, sha256 }, signal);
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 ** 2 })) hash.update(chunk);
  return hash.digest("hex");
}
