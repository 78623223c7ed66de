/**
 * Reads a part of an open file as a stream.
 *
 * @module
 */

const PIECE_BYTES = 64 * 1024;

/**
 * Reads a part of a file, only as fast as the caller does.
 *
 * @param file The open file. Closed at the end, after a failure, and if the stream is cancelled.
 * @param offset Position of the first byte.
 * @param end Position after the last byte. If the file is shorter, the stream is, too.
 * @returns The bytes.
 */
export function readFileRange(
  file: Deno.FsFile,
  offset: number,
  end: number,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = offset;
  let isPlaced = offset === 0;
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        if (!isPlaced) await file.seek(offset, Deno.SeekMode.Start);
        isPlaced = true;
        const piece = new Uint8Array(Math.min(PIECE_BYTES, Math.max(0, end - at)));
        const read = piece.length > 0 ? await file.read(piece) : null;
        if (read === null) {
          file.close();
          return controller.close();
        }
        at += read;
        controller.enqueue(piece.subarray(0, read));
      } catch (error) {
        file.close();
        controller.error(error);
      }
    },
    cancel() {
      file.close();
    },
  }, { highWaterMark: 0 });
}
