/**
 * Packs a folder into a ZIP archive.
 *
 * @module
 */
import { Zip, ZipDeflate, ZipPassThrough } from "fflate";
import { InvalidBotFolderError } from "../errors.ts";
import { messageOf } from "../message_of.ts";
import { escapeZipEntryName, findZipNameProblem } from "./zip_entry_name.ts";

/** Options of {@linkcode zipFolder}. */
export interface ZipFolderOptions {
  /** Gives it up. The promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

interface Item {
  /** Path below the folder; a folder's ends in `/`. */
  readonly name: string;
  readonly path: string;
  readonly executable: boolean;
}

const SKIPPED: ReadonlySet<string> = new Set([".git", "__pycache__", ".DS_Store"]);
const MAX_ITEMS = 0xffff - 1;
const MAX_BYTES = 0xffffffff - 1;
const UNIX = 3;
// The archive has no zone: local noon of the first day it can express is the same bytes everywhere.
const MTIME = new Date(1980, 0, 1, 12);

/**
 * Packs all that is in a folder. The same content gives the same bytes, whenever and wherever it is packed: entries
 * are sorted and have one fixed time. Executable bits are kept. `.git`, `__pycache__` and `.DS_Store` are left out.
 *
 * One file at a time is read, in pieces; the packed archive is held in memory.
 *
 * @param folder The folder; its content becomes the top level of the archive.
 * @param options The signal that gives it up.
 * @returns The archive.
 * @throws {InvalidBotFolderError} The folder cannot be read, or holds what does not belong in an archive.
 */
export async function zipFolder(
  folder: string,
  { signal }: ZipFolderOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const items = await listItems(folder, signal);
  const output = new Output();
  const zip = new Zip((error, chunk) => output.take(error, chunk));
  for (const item of items) {
    signal?.throwIfAborted();
    await addItem(zip, item, output, signal);
  }
  zip.end();
  return output.join();
}

async function listItems(folder: string, signal: AbortSignal | undefined): Promise<Item[]> {
  const items: Item[] = [];
  const visit = async (prefix: string): Promise<void> => {
    signal?.throwIfAborted();
    for (const { name } of await readFolder(`${folder}/${prefix}`)) {
      if (SKIPPED.has(name)) continue;
      const path = `${folder}/${prefix}${name}`;
      const info = await Deno.lstat(path);
      requirePlain(path, name, info);
      items.push({
        name: `${prefix}${name}${info.isDirectory ? "/" : ""}`,
        path,
        executable: ((info.mode ?? 0) & 0o111) !== 0,
      });
      if (items.length > MAX_ITEMS) {
        throw new InvalidBotFolderError(`'${folder}' holds more than ${MAX_ITEMS} files.`);
      }
      if (info.isDirectory) await visit(`${prefix}${name}/`);
    }
  };
  await visit("");
  return items.sort((a, b) => a.name < b.name ? -1 : 1);
}

async function readFolder(path: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(path));
  } catch (error) {
    throw new InvalidBotFolderError(`Cannot read the folder '${path}': ${messageOf(error)}.`, {
      cause: error,
    });
  }
}

function requirePlain(path: string, name: string, info: Deno.FileInfo): void {
  const label = escapeZipEntryName(path);
  const problem = findZipNameProblem(name);
  if (problem !== undefined) throw new InvalidBotFolderError(`Cannot pack '${label}': its name ${problem}.`);
  if (info.isSymlink) {
    throw new InvalidBotFolderError(
      `Cannot pack '${label}': it is a symbolic link. Put the file itself there, or remove the link.`,
    );
  }
  if (!info.isFile && !info.isDirectory) {
    throw new InvalidBotFolderError(`Cannot pack '${label}': it is neither a file nor a folder. Remove it.`);
  }
}

async function addItem(zip: Zip, item: Item, output: Output, signal: AbortSignal | undefined): Promise<void> {
  const folder = item.name.endsWith("/");
  const entry = folder ? new ZipPassThrough(item.name) : new ZipDeflate(item.name, { level: 6 });
  entry.os = UNIX;
  entry.attrs = (folder ? 0o040755 : item.executable ? 0o100755 : 0o100644) << 16;
  entry.mtime = MTIME;
  zip.add(entry);
  if (!folder) {
    for await (const piece of readPieces(item.path)) {
      signal?.throwIfAborted();
      entry.push(piece);
      output.requireRoom(item.path);
    }
  }
  entry.push(new Uint8Array(0), true);
}

async function* readPieces(path: string): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path);
  } catch (error) {
    throw new InvalidBotFolderError(`Cannot read '${path}': ${messageOf(error)}.`, { cause: error });
  }
  yield* file.readable;
}

class Output {
  readonly #chunks: Uint8Array[] = [];
  #size = 0;

  take(error: Error | null, chunk: Uint8Array): void {
    if (error !== null) throw error;
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  requireRoom(path: string): void {
    if (this.#size > MAX_BYTES) {
      throw new InvalidBotFolderError(
        `Cannot pack '${path}': the archive would have more than ${MAX_BYTES} bytes.`,
      );
    }
  }

  join(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.#size);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    return bytes;
  }
}
