/**
 * Packs the files of a builder for its engine.
 *
 * @module
 */

import { createReadStream } from "node:fs";
// @ts-types="@types/tar-stream"
import tar, { type Headers, type Pack } from "tar-stream";
import { type BuilderInput, INPUT, WORK } from "./builder_files.ts";

/** The content to pack. */
export type BuilderContent = Pick<BuilderInput, "files" | "folders" | "user">;

/**
 * Packs the files of a builder as a tar stream below the root. The folders are copied, and belong to root like the
 * programs of the image; the builder's user owns only what it may change, and its input.
 *
 * @param content The packed content.
 * @returns The stream. Its reading fails if a folder cannot be read.
 */
export async function* builderArchive(content: BuilderContent): AsyncGenerator<Uint8Array> {
  const pack = tar.pack();
  const gone = Promise.withResolvers<never>();
  gone.promise.catch(() => {});
  const filling = fill(new TarWriter(pack, gone.promise), content)
    .then(() => pack.finalize(), (error) => pack.destroy(error));
  try {
    // Not a loop over the stream itself: one that ends early would wait forever.
    const chunks = pack[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
  } finally {
    gone.reject(new Error("The archive is not read any more"));
    await filling;
  }
}

async function fill(writer: TarWriter, { files, folders, user }: BuilderContent): Promise<void> {
  await writer.folder(WORK, user);
  await writer.folder(INPUT);
  for (const [name, text] of Object.entries(files)) {
    await writer.text(`${INPUT}/${name}`, text, { ...user, mode: 0o400 });
  }
  for (const { source, target } of folders) {
    const parts = target.split("/").slice(1);
    for (let depth = 1; depth <= parts.length; depth++) {
      await writer.folder(`/${parts.slice(0, depth).join("/")}`);
    }
    await copy(writer, source, target);
  }
}

async function copy(writer: TarWriter, source: string, target: string): Promise<void> {
  for await (const { name } of Deno.readDir(source)) {
    const from = `${source}/${name}`;
    const to = `${target}/${name}`;
    const { isFile, isDirectory, size, mode } = await Deno.lstat(from);
    if (isDirectory) {
      await writer.folder(to);
      await copy(writer, from, to);
    } else if (isFile) {
      await writer.file(to, from, { size, mode: (mode ?? 0) & 0o111 ? 0o755 : 0o644 });
    }
  }
}

/** Writes entries one after the other, as fast as they are read. */
class TarWriter {
  readonly #pack: Pack;
  readonly #gone: Promise<never>;

  constructor(pack: Pack, gone: Promise<never>) {
    this.#pack = pack;
    this.#gone = gone;
  }

  folder(path: string, owner: Partial<Headers> = {}): Promise<void> {
    return this.#entry({ ...owner, name: path.slice(1), type: "directory", mode: 0o755 });
  }

  text(path: string, text: string, header: Partial<Headers>): Promise<void> {
    const bytes = new TextEncoder().encode(text);
    return this.#entry({ ...header, name: path.slice(1), size: bytes.length }, [bytes]);
  }

  file(path: string, source: string, header: Partial<Headers>): Promise<void> {
    return this.#entry({ ...header, name: path.slice(1) }, createReadStream(source));
  }

  async #entry(header: Headers, content?: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const added = Promise.withResolvers<void>();
    const sink = this.#pack.entry(header, (error) => error ? added.reject(error) : added.resolve());
    added.promise.catch(() => {});
    for await (const chunk of content ?? []) {
      const written = Promise.withResolvers<void>();
      sink.write(chunk, (error?: Error | null) => error ? written.reject(error) : written.resolve());
      await Promise.race([written.promise, this.#gone]);
    }
    if (content) sink.end();
    await Promise.race([added.promise, this.#gone]);
  }
}
