/**
 * The configuration of how Berths that share a database reach each other.
 *
 * @module
 */

import type { Issue } from "../lib/errors.ts";
import { readBerthUrls } from "../lib/runner/cluster_config.ts";
import { tcpAddressOf } from "../lib/util/server_addresses.ts";
import type { HttpConfig } from "./http_config.ts";

/** How Berths reach each other. */
export interface PeerConfig {
  /** Addresses of the APIs of all of them, without a path. Credentials of callers are passed on nowhere else. */
  readonly urls: readonly string[];
  /** The one of this process; absent if it is not known. */
  readonly own?: string;
  /** Absolute path of the authority that signed their certificates, as PEM. @default {one that this machine knows} */
  readonly caFile?: string;
}

/** The variables that {@linkcode peerConfigOf} reads. */
export interface PeerVariables {
  /** Addresses separated by commas. */
  readonly BERTH_URLS?: string | undefined;
  /** File of the authority behind those addresses. */
  readonly BERTH_CA?: string | undefined;
  /** The address of this process. */
  readonly ADVERTISE_URL?: string | undefined;
}

/**
 * Checks and reads how Berths reach each other.
 *
 * @param variables The variables.
 * @param http Where this process listens.
 * @returns The configuration, absent if nothing says it, and everything that is wrong.
 */
export function peerConfigOf(
  { BERTH_URLS: list = "", BERTH_CA: caFile, ADVERTISE_URL: given }: PeerVariables,
  http: HttpConfig | undefined,
): { readonly peers?: PeerConfig; readonly issues: readonly Issue[] } {
  const { urls, issues } = readBerthUrls(list);
  const own = given === undefined
    ? http && urls.find((url) => isAt(url, http))
    : urls.find((url) => url === URL.parse(given)?.origin);
  if (issues.length === 0 && given !== undefined && own === undefined) {
    const message = "must be one of BERTH_URLS, which names the addresses of all Berths";
    return { issues: [{ path: "ADVERTISE_URL", message }] };
  }
  if (urls.length === 0) return { issues };
  return { peers: { urls, ...(own !== undefined && { own }), ...(caFile && { caFile }) }, issues };
}

function isAt(url: string, http: HttpConfig): boolean {
  const { hostname, port } = tcpAddressOf(url);
  return hostname === http.hostname.toLowerCase() && port === http.port;
}
