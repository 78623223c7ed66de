/**
 * Writes the entries of a state folder into a compressed archive.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
// @ts-types="@types/tar-stream"
import tar, { type Headers, type Pack } from "tar-stream";
import { onDisk, unlessMissing } from "../util/files.ts";
import type { StateEntry } from "./state_entry.ts";
import { StateError } from "./state_error.ts";

/** Name of the first entry of a snapshot, which says whose it is. It is not part of the state. */
export const MANIFEST = ".berth-state.json";

/** Largest number of entries of a state. */
export const MAX_ENTRIES = 1_000_000;
/** State is compressed while its bot waits: level 1 takes a fifth of the time of level 6. */
const GZIP_LEVEL = 1;

/** A finished archive. */
export interface PackedState {
  /** Number of files. */
  readonly files: number;
  /** Size of all files, in bytes. */
  readonly bytes: number;
  /** Number of entries that were left out. */
  readonly leftOut: number;
  /** Size of the archive, in bytes. */
  readonly archiveBytes: number;
  /** SHA-256 of the archive, in hexadecimal digits. */
  readonly sha256: string;
}

/** Options of {@linkcode StatePacker.open}. */
export interface StatePackerOptions {
  /** Content of the first entry. */
  readonly manifest: Readonly<Record<string, unknown>>;
  /** Size of all files that is packed, in bytes. */
  readonly maxBytes: number;
  /** Cancels the work. */
  readonly signal?: AbortSignal;
}

/** Writes one archive. Disposing removes the file, unless {@linkcode finish} has succeeded. */
export class StatePacker implements AsyncDisposable {
  readonly #path: string;
  readonly #options: StatePackerOptions;
  readonly #pack: Pack = tar.pack();
  readonly #file: Deno.FsFile;
  readonly #written: Promise<void>;
  readonly #hash = createHash("sha256");
  #archiveBytes = 0;
  #files = 0;
  #bytes = 0;
  #entries = 0;
  #leftOut = 0;
  #isFinished = false;
  /** Why writing has failed. */
  #failure: unknown;

  private constructor(path: string, file: Deno.FsFile, options: StatePackerOptions) {
    this.#path = path;
    this.#file = file;
    this.#options = options;
    this.#written = pipeline(this.#pack, createGzip({ level: GZIP_LEVEL }), (source) => this.#write(source));
    this.#written.catch(() => {});
  }

  /**
   * Begins an archive.
   *
   * @param path Path of the file, which must not exist.
   * @param options See {@linkcode StatePackerOptions}.
   */
  static async open(path: string, options: StatePackerOptions): Promise<StatePacker> {
    const file = await onDisk(
      `create '${path}'`,
      () => Deno.open(path, { write: true, createNew: true, mode: 0o600 }),
    );
    const packer = new StatePacker(path, file, options);
    const content = new TextEncoder().encode(JSON.stringify(options.manifest));
    await packer.#entry({ name: MANIFEST, mode: 0o600, size: content.length, type: "file" }, [content]);
    return packer;
  }

  /**
   * Adds an entry.
   *
   * @param entry The entry. A file that is shorter than announced is filled with zeros, a longer one is cut.
   * @throws {StateError} If the state is too large.
   */
  async add(entry: StateEntry): Promise<void> {
    this.#options.signal?.throwIfAborted();
    if (entry.type === "other") return void this.#leftOut++;
    const { path: name, mode, mtimeMs } = entry;
    const header = { name, mode: mode & 0o777, mtime: new Date(mtimeMs) };
    if (++this.#entries > MAX_ENTRIES) {
      throw new StateError("too-large", `The state has more than ${MAX_ENTRIES} files and folders.`);
    }
    switch (entry.type) {
      case "folder":
        return await this.#entry({ ...header, type: "directory" });
      case "link":
        return await this.#entry({ ...header, type: "symlink", linkname: entry.target });
      case "same":
        return await this.#entry({ ...header, type: "link", linkname: entry.target });
      case "file":
        this.#files++;
        this.#bytes += entry.size;
        if (this.#bytes > this.#options.maxBytes) throw tooLarge(this.#options.maxBytes, entry);
        return await this.#entry({ ...header, type: "file", size: entry.size }, entry.content);
    }
  }

  /** Completes the archive. @returns Its content, once it is on the disk. */
  async finish(): Promise<PackedState> {
    this.#pack.finalize();
    await this.#unlessFailed(this.#written);
    await onDisk(`write '${this.#path}'`, () => this.#file.sync());
    this.#isFinished = true;
    return {
      files: this.#files,
      bytes: this.#bytes,
      leftOut: this.#leftOut,
      archiveBytes: this.#archiveBytes,
      sha256: this.#hash.digest("hex"),
    };
  }

  /** Closes the file, and removes it if it is not complete. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isFinished) this.#pack.destroy(new Error("The archive was given up"));
    await this.#written.catch(() => {});
    this.#file.close();
    if (!this.#isFinished) await unlessMissing(Deno.remove(this.#path)).catch(() => {});
  }

  async #entry(header: Headers, content?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const added = Promise.withResolvers<void>();
    const sink = this.#pack.entry(header, (error) => error ? added.reject(error) : added.resolve());
    added.promise.catch(() => {});
    let left = header.size ?? 0;
    const send = (chunk: Uint8Array) => {
      left -= chunk.length;
      return this.#unlessFailed(
        new Promise<void>((resolve, reject) =>
          sink.write(chunk, (error?: Error | null) => error ? reject(error) : resolve())
        ),
      );
    };
    for await (const chunk of content ?? []) {
      if (left > 0) await send(chunk.subarray(0, left));
    }
    const zeros = new Uint8Array(Math.min(left, 65_536));
    while (left > 0) await send(zeros.subarray(0, left));
    if (content) sink.end();
    await this.#unlessFailed(added.promise);
  }

  /** The streams call nobody back once writing has failed. */
  async #unlessFailed(step: Promise<void>): Promise<void> {
    try {
      await Promise.race([step, this.#written.then(() => step)]);
    } catch (error) {
      // The streams say only that they were aborted.
      throw this.#failure ?? error;
    }
  }

  async #write(source: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of source) {
        this.#hash.update(chunk);
        this.#archiveBytes += chunk.length;
        await onDisk(`write '${this.#path}'`, async () => {
          for (let done = 0; done < chunk.length;) done += await this.#file.write(chunk.subarray(done));
        });
      }
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}

function tooLarge(
  maxBytes: number,
  { path, size }: { readonly path: string; readonly size: number },
): StateError {
  const megabytes = (bytes: number) => Math.ceil(bytes / 1024 ** 2);
  return new StateError(
    "too-large",
    `The files of the state have more than ${megabytes(maxBytes)} MB together; ${JSON.stringify(path)} has ` +
      `${megabytes(size)} MB.`,
    { advice: "Remove what the bot does not need, or raise 'max_mb' of its state." },
  );
}
