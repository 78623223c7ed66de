/**
 * The checksum of ZIP archives.
 *
 * @module
 */

import * as zlib from "node:zlib";

/**
 * Adds bytes to a CRC-32.
 *
 * Deno's own types of `node:zlib` do not have it yet: whoever checks a program that uses this library without
 * `@types/node` would get an error here.
 *
 * @param bytes The bytes.
 * @param crc The checksum of what came before them; 0 at the beginning.
 */
export const crc32: (bytes: Uint8Array | string, crc?: number) => number =
  (zlib as unknown as { crc32(bytes: Uint8Array | string, crc?: number): number }).crc32;
