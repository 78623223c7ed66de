/**
 * Reads a tar stream entry by entry.
 *
 * @module
 */

import { Readable } from "node:stream";
// @ts-types="@types/tar-stream"
import tar, { type Headers } from "tar-stream";

/**
 * Takes one entry.
 *
 * @param header Its kind.
 * @param content Its content; unless it is read to its end, all of it is skipped.
 * @returns `stop` if no further entry is wanted.
 */
export type TakeEntry = (header: Headers, content: AsyncIterable<Uint8Array>) => Promise<"stop" | void>;

/**
 * Reads a tar stream.
 *
 * @param chunks The stream. Closed by its iterator's `return` when the reading ends early.
 * @param take Takes the entries, one after the other.
 * @throws {Error} If it is not a whole tar stream, or with an error of `chunks` or `take`.
 */
export async function readTar(chunks: AsyncIterable<Uint8Array>, take: TakeEntry): Promise<void> {
  const extract = tar.extract();
  const source = Readable.from(chunks, { objectMode: true });
  try {
    await new Promise<void>((resolve, reject) => {
      source.on("error", reject);
      extract.on("error", reject);
      extract.on("finish", resolve);
      extract.on("entry", (header, content, next) => {
        const entry = new EntryContent(content as Readable);
        take(header, entry).then(async (answer) => {
          if (answer === "stop") return resolve();
          await entry.skip();
          next();
        }).catch(reject);
      });
      source.pipe(extract);
    });
  } finally {
    source.destroy();
    extract.destroy();
  }
}

/**
 * The content of one entry. A loop over the stream itself that ends early would wait forever: it destroys the stream, and
 * the library's streams do not report that they are destroyed.
 */
class EntryContent implements AsyncIterable<Uint8Array> {
  readonly #stream: Readable;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #hasEnded = false;

  constructor(stream: Readable) {
    this.#stream = stream;
    stream.on("end", () => this.#hasEnded = true);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    this.#iterator ??= this.#stream[Symbol.asyncIterator]();
    for (let next = await this.#iterator.next(); !next.done; next = await this.#iterator.next()) {
      yield next.value;
    }
  }

  /** Reads what is left. */
  async skip(): Promise<void> {
    if (this.#hasEnded) return;
    if (this.#iterator) { for await (const _ of this); }
    else {
      await new Promise((resolve, reject) => this.#stream.on("end", resolve).on("error", reject).resume());
    }
  }
}
