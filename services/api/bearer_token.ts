/**
 * The token of a request.
 *
 * @module
 */

/**
 * Reads the token of a request's header `Authorization`, as RFC 6750 has it.
 *
 * @param headers The headers.
 * @returns The token; `undefined` if there is none.
 */
export function bearerToken(headers: Headers): string | undefined {
  return /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
}
