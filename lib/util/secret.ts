/**
 * A value that must not be printed.
 *
 * @module
 */

const REDACTED = "[redacted]";

/**
 * Holds a secret so that printing, string building and JSON show `[redacted]` instead.
 *
 * @example Print a configuration that holds one
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
   * Makes one; nothing is read or dialled yet.
   *
   * @param value The secret itself.
   */
  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself. Call it where it is handed to a client, nowhere else. */
  reveal(): string {
    return this.#value;
  }

  /** Says `[redacted]`. */
  toString(): string {
    return REDACTED;
  }

  /** Says `[redacted]`. */
  toJSON(): string {
    return REDACTED;
  }

  /** Says `[redacted]`. */
  [Symbol.for("Deno.customInspect")](): string {
    return REDACTED;
  }

  /** Says `[redacted]`. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
