/**
 * The cookie that holds a session.
 *
 * @module
 */

/** How a cookie is sent. */
export interface CookieSettings {
  /** Whether browsers reach the API by TLS. */
  readonly isSecure: boolean;
  /** Port of the API: browsers send a cookie to every port of a host, and several Berths may run on one. */
  readonly port: number;
}

/**
 * Writes the `Set-Cookie` header of a session, or of its end.
 *
 * @param secret The session's secret; empty for its end.
 * @param maxAgeMs How long it is kept, in ms.
 * @param settings How it is sent.
 */
export function sessionCookie(secret: string, maxAgeMs: number, settings: CookieSettings): string {
  const attributes = ["Path=/", "HttpOnly", "SameSite=Strict", `Max-Age=${Math.floor(maxAgeMs / 1000)}`];
  if (settings.isSecure) attributes.push("Secure");
  return [`${nameOf(settings)}=${secret}`, ...attributes].join("; ");
}

/**
 * Reads a session's secret from the `Cookie` header.
 *
 * @param header The header.
 * @param settings How it is sent.
 */
export function readSessionCookie(header: string | null, settings: CookieSettings): string | undefined {
  const name = nameOf(settings);
  for (const pair of (header ?? "").split(";")) {
    const [key, value] = pair.trim().split("=", 2);
    if (key === name) return value;
  }
}

/** A browser takes a name that begins with `__Host-` only from this very host, by TLS. */
function nameOf({ isSecure, port }: CookieSettings): string {
  return isSecure ? `__Host-berth-${port}` : `berth-${port}`;
}
