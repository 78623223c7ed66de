/**
 * Reads a part of an open file as a stream.
 *
 * @module
 */

/** Size of a piece, unless the reader brings its own memory. Smaller pieces cost more time than the reading itself. */
const PIECE_BYTES = 256 * 1024;

/**
 * Reads a part of a file, only as fast as the caller does. The stream is a byte stream: a reader may bring its own memory.
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
  return new ReadableStream({
    type: "bytes",
    autoAllocateChunkSize: PIECE_BYTES,
    async pull(controller) {
      try {
        if (!isPlaced) await file.seek(offset, Deno.SeekMode.Start);
        isPlaced = true;
        const request = controller.byobRequest!;
        const { buffer, byteOffset, byteLength } = request.view!;
        const piece = new Uint8Array(buffer, byteOffset, Math.min(byteLength, Math.max(0, end - at)));
        const read = piece.length > 0 ? await file.read(piece) : null;
        at += read ?? 0;
        if (read === null) {
          file.close();
          controller.close();
        }
        request.respond(read ?? 0);
      } catch (error) {
        file.close();
        controller.error(error);
      }
    },
    cancel() {
      file.close();
    },
  }, { highWaterMark: 0 }) as ReadableStream<Uint8Array<ArrayBuffer>>;
}
