/**
 * Extracts the archive of a state into a new folder.
 *
 * @module
 */

import { dirname } from "node:path";
import { createGunzip } from "node:zlib";
import { Readable } from "node:stream";
import type { Headers } from "tar-stream";
import { BerthError, messageOf } from "../errors.ts";
import { isDiskFull, onDisk } from "../util/files.ts";
import { readTar } from "../util/read_tar.ts";
import { MANIFEST, MAX_ENTRIES } from "./state_packer.ts";
import { StateError } from "./state_error.ts";

/** Longest manifest, in bytes. */
const MAX_MANIFEST_BYTES = 64 * 1024;
const MAX_NAME_BYTES = 255;
/** Longest target of a link, in bytes. Linux allows one byte more, for the zero at its end. */
const MAX_TARGET_BYTES = 4095;
const CHUNK_BYTES = 64 * 1024;
/** Bytes for the headers and the padding of an entry: two names of up to 4 KiB. */
const MAX_HEADER_BYTES = 12 * 1024;
/** Extra size that an archive may have before its first entry and after its last one, in bytes. */
const MAX_SLACK_BYTES = 4 * 1024 ** 2;

/** Options of {@linkcode unpackState}. */
export interface UnpackStateOptions {
  /** Size of all files that is accepted, in bytes. */
  readonly maxBytes: number;
  /** Decides from the manifest whether the archive is wanted; throws if not. */
  readonly checkManifest?: (manifest: Readonly<Record<string, unknown>>) => void;
  /** Cancels the work. */
  readonly signal?: AbortSignal;
}

/** Content of an extracted state. */
export interface UnpackedState {
  /** Number of files. */
  readonly files: number;
  /** Size of all files, in bytes. */
  readonly bytes: number;
  /** The symbolic links of the archive, which are not made yet: targets by path in the folder. */
  readonly links: ReadonlyMap<string, string>;
}

/**
 * Extracts an archive, but for its symbolic links, which the caller makes once nothing more is written. Nothing that it
 * contains makes this function write outside of the folder: names are checked, no name may occur twice, and anything but
 * files, folders and links is refused. A failure leaves a part of the folder, which the caller removes.
 *
 * @param archive Path of the archive, a tar file compressed by gzip.
 * @param folder Path of an empty folder that no other process writes to.
 * @param options See {@linkcode UnpackStateOptions}.
 * @throws {StateError} If the archive is damaged, too large or not safe.
 */
export async function unpackState(
  archive: string,
  folder: string,
  options: UnpackStateOptions,
): Promise<UnpackedState> {
  const target = new Target(folder, options);
  let failure: unknown;
  try {
    await readTar(
      target.bounded(gunzip(archive)),
      (header, content) =>
        target.take(header, content).catch((error) => {
          failure = error;
          throw error;
        }),
    );
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof BerthError || (failure !== undefined && isDiskFull(error))) throw error;
    throw new StateError("damaged", `The archive is not a whole tar.gz file: ${messageOf(error)}.`, {
      advice: "Choose another snapshot.",
      cause: error,
    });
  }
  return { files: target.files, bytes: target.bytes, links: target.links };
}

/** The folder that an archive is extracted into. */
class Target {
  readonly #folder: string;
  readonly #options: UnpackStateOptions;
  readonly #folders = new Set<string>([""]);
  readonly #files = new Set<string>();
  readonly links = new Map<string, string>();
  #entries = 0;
  files = 0;
  bytes = 0;

  constructor(folder: string, options: UnpackStateOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** Passes the archive on, as long as it holds what its entries say: their headers are kept in memory. */
  async *bounded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let inflated = 0;
    for await (const chunk of chunks) {
      inflated += chunk.length;
      if (inflated > this.bytes + this.#entries * MAX_HEADER_BYTES + MAX_SLACK_BYTES) {
        throw new StateError("unsafe", "Cannot extract the archive: it holds far more than its entries.", {
          advice: "Nothing was changed. Choose another archive.",
        });
      }
      yield chunk;
    }
  }

  async take(header: Headers, content: AsyncIterable<Uint8Array>): Promise<void> {
    this.#options.signal?.throwIfAborted();
    if (++this.#entries > MAX_ENTRIES) {
      throw unsafe(header.name, `is one of more than ${MAX_ENTRIES} entries`);
    }
    const path = safePath(header.name);
    if (path === "") return;
    // A bot may have a file of this name, too.
    if (path === MANIFEST && this.#entries === 1) return await this.#readManifest(header, content);
    switch (header.type) {
      case "directory":
        return await this.#makeFolder(path);
      case "file":
      case "contiguous-file":
        return await this.#makeFile(path, header, content);
      case "symlink":
        return await this.#keepLink(path, header.linkname ?? "");
      case "link": {
        const source = safePath(header.linkname ?? "");
        if (!this.#files.has(source)) {
          throw unsafe(path, "is a hard link to a file that the archive does not have");
        }
        this.#claim(path);
        await this.#makeFolder(parentOf(path));
        return await this.#onDisk(path, (at) => Deno.link(`${this.#folder}/${source}`, at));
      }
      default:
        throw unsafe(path, `is a ${header.type ?? "special file"}`);
    }
  }

  async #keepLink(path: string, target: string): Promise<void> {
    const bytes = new TextEncoder().encode(target).length;
    if (bytes === 0 || bytes > MAX_TARGET_BYTES || target.includes("\0")) {
      throw unsafe(path, "is a symbolic link whose target cannot be one");
    }
    await this.#makeFolder(parentOf(path));
    this.#claim(path);
    this.links.set(path, target);
  }

  async #makeFile(path: string, header: Headers, content: AsyncIterable<Uint8Array>): Promise<void> {
    this.#claim(path);
    this.#files.add(path);
    this.files++;
    this.bytes += header.size ?? 0;
    if (this.bytes > this.#options.maxBytes) {
      throw new StateError(
        "too-large",
        `The archive holds more than ${Math.floor(this.#options.maxBytes / 1024 ** 2)} MB.`,
        { advice: "Raise 'max_mb' of the bot's state." },
      );
    }
    await this.#makeFolder(parentOf(path));
    const mode = (header.mode ?? 0o600) & 0o777;
    await this.#onDisk(path, async (at) => {
      using file = await Deno.open(at, { write: true, createNew: true, mode: 0o600 });
      for await (const chunk of content) {
        for (let done = 0; done < chunk.length;) done += await file.write(chunk.subarray(done));
      }
      await Deno.chmod(at, mode);
      if (header.mtime) await file.utime(header.mtime, header.mtime);
      // The swap comes after this: what it makes the bot's state must be on the disk.
      await file.sync();
    });
  }

  async #makeFolder(path: string): Promise<void> {
    if (this.#folders.has(path)) return;
    await this.#makeFolder(parentOf(path));
    this.#claim(path);
    this.#folders.add(path);
    await this.#onDisk(path, (at) => Deno.mkdir(at, { mode: 0o700 }));
  }

  async #readManifest({ size = 0 }: Headers, content: AsyncIterable<Uint8Array>): Promise<void> {
    if (size > MAX_MANIFEST_BYTES) throw unsafe(MANIFEST, `has ${size} bytes`);
    const chunks = await Array.fromAsync(content, (chunk) => new Uint8Array(chunk));
    const manifest = parseObject(await new Blob(chunks).text());
    if (!manifest) throw unsafe(MANIFEST, "is no JSON object");
    this.#options.checkManifest?.(manifest);
  }

  /** A second entry of one name could replace a folder by a link. */
  #claim(path: string): void {
    const isTaken = this.#files.has(path) || this.links.has(path) || this.#folders.has(path);
    if (isTaken) throw unsafe(path, "occurs twice, as different kinds of entry or with different contents");
  }

  async #onDisk(path: string, work: (at: string) => Promise<void>): Promise<void> {
    const at = `${this.#folder}/${path}`;
    await onDisk(`write '${at}'`, () => work(at));
  }
}

/**
 * Checks the name of an entry.
 *
 * @param name The name.
 * @returns The path inside of the folder; empty for the folder itself.
 * @throws {StateError} If the name leads elsewhere or cannot be one.
 */
function safePath(name: string): string {
  if (name.startsWith("/")) throw unsafe(name, "has an absolute name");
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw unsafe(name, "leads out of the folder");
  if (name.includes("\0")) throw unsafe(name, "has a name with a zero byte");
  const encoder = new TextEncoder();
  if (parts.some((part) => encoder.encode(part).length > MAX_NAME_BYTES)) {
    throw unsafe(name, "has too long a name");
  }
  return parts.join("/");
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function parentOf(path: string): string {
  const parent = dirname(path);
  return parent === "." ? "" : parent;
}

function unsafe(name: string, why: string): StateError {
  return new StateError(
    "unsafe",
    `Cannot extract the archive: ${JSON.stringify(name.slice(0, 200))} ${why}.`,
    {
      advice: "Nothing was changed. An archive may hold folders, regular files and links, each once.",
    },
  );
}

/** Leaving the loop early closes the file. */
async function* gunzip(path: string): AsyncGenerator<Uint8Array> {
  const source = Readable.from(chunksOf(path));
  const inflated = createGunzip();
  source.on("error", (error) => inflated.destroy(error));
  try {
    yield* source.pipe(inflated);
  } finally {
    source.destroy();
    inflated.destroy();
  }
}

/** Closes the file itself, once no read is in progress. */
async function* chunksOf(path: string): AsyncGenerator<Uint8Array> {
  using file = await onDisk(`read '${path}'`, () => Deno.open(path));
  while (true) {
    const chunk = new Uint8Array(CHUNK_BYTES);
    const count = await onDisk(`read '${path}'`, () => file.read(chunk));
    if (count === null) return;
    yield chunk.subarray(0, count);
  }
}
