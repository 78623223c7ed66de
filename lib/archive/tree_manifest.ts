/**
 * The list of what is in a tree, kept beside it.
 *
 * @module
 */

/** One file of a tree. */
export interface TreeFile {
  /** Path below the tree. */
  readonly path: string;
  /** Names its content and mode: equal keys are equal files. Empty for a file without content. */
  readonly key: string;
  /** Its size in bytes. */
  readonly size: number;
}

/** What is in a tree. */
export interface TreeManifest {
  /** Every file. */
  readonly files: readonly TreeFile[];
  /** Every folder, each after the folder it lies in. */
  readonly folders: readonly string[];
}

/**
 * The text of a list.
 *
 * @param manifest The list.
 */
export function formatTreeManifest({ files, folders }: TreeManifest): string {
  return JSON.stringify({ files: files.map(({ path, key, size }) => [path, key, size]), folders });
}

/**
 * Reads a list.
 *
 * @param text What {@linkcode formatTreeManifest} gave.
 * @throws {SyntaxError | TypeError} If the text is damaged.
 */
export function parseTreeManifest(text: string): TreeManifest {
  const { files, folders } = JSON.parse(text) as { files: [string, string, number][]; folders: string[] };
  return { files: files.map(([path, key, size]) => ({ path, key, size })), folders: [...folders] };
}
