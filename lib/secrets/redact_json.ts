/**
 * Replaces the values of secrets in a JSON document.
 *
 * @module
 */

import type { Redactor } from "./redactor.ts";

/**
 * Replaces values in the text of a JSON document. Where the value was a number, a string takes its place, so that the
 * document stays valid.
 *
 * @param bytes The document; other bytes are treated as text.
 * @param redactor Replaces the values.
 * @returns The same bytes if there is no value in them.
 */
export function redactJson(bytes: Uint8Array, redactor: Redactor): Uint8Array {
  const redacted = redactor.redact(bytes);
  if (redacted === bytes || !isJson(bytes) || isJson(redacted)) return redacted;
  const hide = (_key: string, value: unknown) => {
    const text = typeof value === "number" || typeof value === "string" ? String(value) : undefined;
    if (text === undefined) return value;
    const before = new TextEncoder().encode(text);
    const after = redactor.redact(before);
    return after === before ? value : new TextDecoder().decode(after);
  };
  const walked = new TextEncoder().encode(JSON.stringify(JSON.parse(new TextDecoder().decode(bytes), hide)));
  // Names of fields are left.
  const whole = redactor.redact(walked);
  return isJson(whole) ? whole : redacted;
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(new TextDecoder().decode(bytes));
    return true;
  } catch {
    return false;
  }
}
