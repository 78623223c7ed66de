/**
 * The checksum of ZIP archives.
 *
 * @module
 */

import * as zlib from "node:zlib";

/**
 * Adds bytes to a CRC-32.
 *
 * Deno's own types of `node:zlib` lack it, so a program without `@types/node` that uses this library would get a type
 * error here.
 *
 * @param bytes The bytes.
 * @param crc Checksum of the bytes before them; 0 at the beginning.
 */
export const crc32: (bytes: Uint8Array | string, crc?: number) => number =
  (zlib as unknown as { crc32(bytes: Uint8Array | string, crc?: number): number }).crc32;
