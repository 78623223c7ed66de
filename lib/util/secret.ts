/**
 * A value that must not be printed.
 *
 * @module
 */

const REDACTED = "[redacted]";

/**
 * Holds a secret so that printing, string building and JSON show `[redacted]` instead.
 *
 * @example Print a secret
 * ```ts
 * import { Secret } from "@berth/runner";
 *
 * const secret = new Secret("hunter22");
 * console.assert(JSON.stringify({ secret }) === '{"secret":"[redacted]"}');
 * console.assert(secret.reveal() === "hunter22");
 * ```
 */
export class Secret {
  readonly #value: string;

  /**
   * Wraps a secret.
   *
   * @param value The secret itself.
   */
  constructor(value: string) {
    this.#value = value;
  }

  /** Returns the secret itself. Call it only to hand the secret to a client. */
  reveal(): string {
    return this.#value;
  }

  /** Returns `[redacted]`. */
  toString(): string {
    return REDACTED;
  }

  /** Returns `[redacted]`. */
  toJSON(): string {
    return REDACTED;
  }

  /** Returns `[redacted]`. */
  [Symbol.for("Deno.customInspect")](): string {
    return REDACTED;
  }

  /** Returns `[redacted]`. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
