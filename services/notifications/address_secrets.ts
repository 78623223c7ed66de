/**
 * Keeps addresses, which may hold secrets, out of what is shown.
 *
 * @module
 */

import { MASK } from "../../lib/secrets/redactor.ts";
import { secretForms } from "../../lib/secrets/secret_forms.ts";

/** Minimum length of a hidden string: shorter ones are in many words. */
const MIN_CHARACTERS = 4;
/** A part of a path this long may be a key by itself. */
const MIN_KEY_CHARACTERS = 16;

/**
 * Lists the strings of an address that may be secret: the whole, and what others may repeat of it.
 *
 * @param address The address; one that cannot be parsed counts as a whole.
 */
export function addressSecrets(address: string): string[] {
  const url = URL.parse(address);
  if (!url) return [address];
  const { href, pathname, search, hash, username, password } = url;
  const keys = pathname.split("/").filter(({ length }) => length >= MIN_KEY_CHARACTERS);
  const raw = [
    address,
    href,
    pathname + search,
    pathname,
    search,
    hash.slice(1),
    username,
    password,
    ...keys,
  ];
  return [...raw, ...raw.map(decoded), ...url.searchParams.values()];
}

/**
 * Replaces secrets in a text, in the forms in which programs print them.
 *
 * @param text The text.
 * @param secrets The secrets; those of fewer than 4 characters are left.
 */
export function redacted(text: string, secrets: readonly string[]): string {
  const long = secrets.filter(({ length }) => length >= MIN_CHARACTERS);
  const forms = new Set(long.flatMap((secret) => [secret, ...secretForms(secret)]));
  return [...forms].sort((a, b) => b.length - a.length)
    .reduce((left, form) => left.replaceAll(form, MASK), text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
