/**
 * The manifest of a tree: a list of its files and folders, stored beside it.
 *
 * @module
 */

/** A file of a tree. */
export interface TreeFile {
  /** Path in the tree. */
  readonly path: string;
  /** Hash of content and mode: files with equal keys are equal. Empty for an empty file. */
  readonly key: string;
  /** Size in bytes. */
  readonly size: number;
}

/** Files and folders of a tree. */
export interface TreeManifest {
  /** All files. */
  readonly files: readonly TreeFile[];
  /** All folders, parents first. */
  readonly folders: readonly string[];
}

/**
 * Formats a manifest.
 *
 * @param manifest The manifest.
 */
export function formatTreeManifest({ files, folders }: TreeManifest): string {
  return JSON.stringify({ files: files.map(({ path, key, size }) => [path, key, size]), folders });
}

/**
 * Parses a manifest.
 *
 * @param text A result of {@linkcode formatTreeManifest}.
 * @throws {SyntaxError | TypeError} If the text is damaged.
 */
export function parseTreeManifest(text: string): TreeManifest {
  const { files, folders } = JSON.parse(text) as { files: [string, string, number][]; folders: string[] };
  return { files: files.map(([path, key, size]) => ({ path, key, size })), folders: [...folders] };
}
