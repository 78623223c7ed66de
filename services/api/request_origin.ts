/**
 * Refuses requests that a web page of another origin makes a browser send.
 *
 * @module
 */

import { isIP } from "node:net";
import { ApiProblem } from "./api_problem.ts";

/** The names under which the API is reached. */
export interface HostNames {
  /** Address that it listens at. */
  readonly hostname: string;
  /** Other names. */
  readonly names: readonly string[];
}

const WILDCARDS: ReadonlySet<string> = new Set(["0.0.0.0", "::"]);
const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);

/**
 * Checks the host that a request names. A page whose own name suddenly resolves to this machine (DNS rebinding) names
 * itself.
 *
 * @param request The request.
 * @param own Names of the API.
 * @throws {ApiProblem} 421 if it is another one.
 */
export function requireOwnHost(request: Request, { hostname, names }: HostNames): void {
  const host = hostOf(request.headers.get("host"));
  const isOwn = host !== undefined &&
    (host === hostname.toLowerCase() || LOOPBACK.has(host) || names.includes(host) ||
      // Nobody can make an address resolve to something else.
      (WILDCARDS.has(hostname) && isIP(host) !== 0));
  if (isOwn) return;
  throw new ApiProblem(421, "request/host", `This service is not '${host ?? ""}'.`, {
    advice: "Use the address it listens at, or have the operator name this host in HTTP_HOSTS.",
  });
}

/**
 * Checks that no page of another origin has a browser send a write, or use a session.
 *
 * @param request The request.
 * @param hasSession Whether it carries the cookie of a session, which a browser adds by itself.
 * @throws {ApiProblem} 403 if one does.
 */
export function requireSameOrigin(request: Request, hasSession: boolean): void {
  const { method, headers } = request;
  const isWrite = !["GET", "HEAD", "OPTIONS"].includes(method);
  const [origin, site] = [headers.get("origin"), headers.get("sec-fetch-site")];
  if (!isWrite && !hasSession) return;
  const isNavigation = !isWrite && headers.get("sec-fetch-mode") === "navigate";
  const isOtherSite = site !== null && site !== "same-origin" && site !== "none" && !isNavigation;
  const isOtherOrigin = origin !== null && hostWithPort(origin) !== headers.get("host")?.toLowerCase();
  // Every current browser sends one of both with a write.
  const isUnknown = isWrite && hasSession && origin === null && site === null;
  if (!isOtherSite && !isOtherOrigin && !isUnknown) return;
  throw new ApiProblem(403, "request/origin", "The request comes from a page of another origin.", {
    advice: "Call the API from its own pages, or from a program with a token.",
  });
}

/** The name in a `Host` header, without port and brackets. */
function hostOf(header: string | null): string | undefined {
  const [, bracketed, plain] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::\d{1,5})?$/i.exec(header ?? "") ?? [];
  return (bracketed ?? plain)?.toLowerCase();
}

function hostWithPort(origin: string): string | undefined {
  return /^https?:\/\/([^/]+)$/i.exec(origin)?.[1]?.toLowerCase();
}
