/**
 * Tokens of supervisors: 256 random bits under the id of an order. The database holds their hashes alone, so comparing
 * hashes tells nobody how near a guess is.
 *
 * @module
 */

import { createHash, randomBytes } from "node:crypto";

const FORM = /^([a-z]{2})_([0-9a-f]{32})_[A-Za-z0-9_-]{43}$/;

/** Makes a token. @param kind Two letters that begin it. @param order Id of the order. */
export function newToken(kind: string, order: string): string {
  return `${kind}_${order}_${randomBytes(32).toString("base64url")}`;
}

/** Returns the id of the order that a token claims to be of; `undefined` if it is none of this kind. */
export function orderOfToken(kind: string, token: string): string | undefined {
  const [, found, order] = FORM.exec(token) ?? [];
  return found === kind ? order : undefined;
}

/** Hashes a token for the database. @param token The token. */
export function hashOfToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}
