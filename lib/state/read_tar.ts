/**
 * Reads a tar stream entry by entry.
 *
 * @module
 */

import { Readable } from "node:stream";
// @ts-types="@types/tar-stream"
import tar, { type Headers } from "tar-stream";

/** Takes one entry. @param header What it is. @param content Its content; unless it is read to its end, all of it is skipped. */
export type TakeEntry = (header: Headers, content: AsyncIterable<Uint8Array>) => Promise<void>;

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
        let hasEnded = false;
        content.on("end", () => hasEnded = true);
        take(header, content as Readable).then(() => {
          if (hasEnded) return next();
          content.on("end", next);
          content.resume();
        }, reject);
      });
      source.pipe(extract);
    });
  } finally {
    source.destroy();
    extract.destroy();
  }
}
