/**
 * Checks and orders the names of objects. The rules are those of S3; keys that no folder can hold are refused.
 *
 * @module
 */

import { ObjectStoreError } from "../errors.ts";
import type { ObjectMetadata } from "./object_store.ts";

const MAX_KEY_BYTES = 1024;
/** S3's limit is 2 KiB; MinIO counts the prefixes of the names as well. */
const MAX_METADATA_BYTES = 2000;
const METADATA_NAME = /^[a-z0-9-]+$/;
const METADATA_VALUE = /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/;
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/**
 * Checks the name of a bucket.
 *
 * @param bucket The name.
 * @throws {ObjectStoreError} If the name is not allowed.
 */
export function assertBucketName(bucket: string): void {
  if (BUCKET.test(bucket) && !bucket.includes("..")) return;
  throw new ObjectStoreError(
    `Cannot use bucket '${bucket}': a name has 3 to 63 lower-case letters, digits, dots and hyphens, ` +
      "and begins and ends with a letter or digit.",
  );
}

/**
 * Checks the name of an object.
 *
 * @param bucket Name of the bucket.
 * @param key Key of the object.
 * @throws {ObjectStoreError} If the name of the bucket is not allowed, or the key is empty, too long, not well-formed, or
 * has an empty part or a part that is `.` or `..`.
 */
export function assertObjectName(bucket: string, key: string): void {
  assertBucketName(bucket);
  const problem = problemOf(key);
  if (problem === undefined) return;
  const message = `Cannot use object key ${JSON.stringify(key.slice(0, 200))}: ${problem}.`;
  throw new ObjectStoreError(message, {}, "object/invalid-name");
}

/**
 * Whether a string can be the key of an object.
 *
 * @param key The string.
 */
export function isObjectKey(key: string): boolean {
  return problemOf(key) === undefined;
}

/**
 * Names an object in error messages.
 *
 * @param bucket Name of the bucket.
 * @param key Key of the object.
 */
export function describeObject(bucket: string, key: string): string {
  return `object '${key}' in bucket '${bucket}'`;
}

/**
 * Checks the metadata of an object.
 *
 * @param metadata Names and values.
 * @throws {ObjectStoreError} If a store could not return it unchanged.
 */
export function assertMetadata(metadata: ObjectMetadata): void {
  const entries = Object.entries(metadata);
  const bytes = entries.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const bad = entries.find(([name, value]) => !METADATA_NAME.test(name) || !METADATA_VALUE.test(value));
  if (!bad && bytes <= MAX_METADATA_BYTES) return;
  const problem = bad ? `the name or value of '${bad[0]}' is not allowed` : `it has ${bytes} bytes`;
  throw new ObjectStoreError(
    `Cannot store this metadata with an object: ${problem}. Names have lower-case letters, digits and hyphens, values ` +
      `are printable ASCII; the limit is ${MAX_METADATA_BYTES} bytes.`,
  );
}

/**
 * Compares two keys as S3 orders them: by the bytes of their UTF-8 form. JavaScript's own order differs for
 * characters beyond the first 65,536.
 *
 * @param a A key.
 * @param b Another.
 * @returns Negative, zero or positive.
 */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

function problemOf(key: string): string | undefined {
  if (key === "") return "it is empty";
  if (!key.isWellFormed() || key.includes("\0")) return "it contains characters that are not allowed";
  if (new TextEncoder().encode(key).length > MAX_KEY_BYTES) return `it has more than ${MAX_KEY_BYTES} bytes`;
  if (key.split("/").some((part) => ["", ".", ".."].includes(part))) {
    return "its parts between slashes may not be empty, '.' or '..'";
  }
  return undefined;
}

/** Surrogates stand for characters beyond those of one unit. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
