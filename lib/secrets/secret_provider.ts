/**
 * The port to a place that keeps the values of secrets.
 *
 * @module
 */

import type { SecretReference } from "./secret_reference.ts";

/** Options of {@linkcode SecretProvider.resolve}. */
export interface ResolveOptions {
  /** Cancels the call. */
  readonly signal?: AbortSignal | undefined;
}

/** A place that keeps values. */
export interface SecretProvider extends Partial<Disposable> {
  /**
   * Reads a value now.
   *
   * @param reference A reference to this provider.
   * @param options See {@linkcode ResolveOptions}.
   * @returns The value: text that is not empty.
   * @throws {SecretProblem} If there is no usable value.
   */
  resolve(reference: SecretReference, options?: ResolveOptions): Promise<string>;
  /**
   * Returns a value that may be some minutes old, without waiting for another machine.
   *
   * @param reference A reference to this provider.
   * @returns `undefined` if the value is not known, or may be about to change.
   * @throws {SecretProblem} If there is no usable value.
   */
  peek(reference: SecretReference): Promise<string | undefined>;
}

/** Why a value cannot be used. Its message shows no part of any value. */
export class SecretProblem extends Error {}

/** Size of the largest value, in bytes: it is copied into memory for each bot. */
export const MAX_SECRET_BYTES = 64 * 1024;

/**
 * Checks the bytes of a value, and decodes them.
 *
 * @param bytes The value. A line end at its end is left out: editors and `echo` add one.
 * @param what The place of the value, for messages.
 * @returns The value.
 * @throws {SecretProblem} If it is empty, larger than 64 KiB or not text.
 */
export function toSecretText(bytes: Uint8Array, what: string): string {
  if (bytes.length > MAX_SECRET_BYTES) {
    throw new SecretProblem(`${what} has more than 64 KiB; a secret is a key or a certificate`);
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    text = "\0";
  }
  if (text.includes("\0")) {
    throw new SecretProblem(`${what} is not text (UTF-8 without NUL); store binary data as base64`);
  }
  const value = text.replace(/\r?\n$/, "");
  if (value === "") throw new SecretProblem(`${what} is empty`);
  return value;
}
