/**
 * The settings of a runner on a Docker Swarm, read from the variables of a runner.
 *
 * @module
 */

import type { Issue } from "../errors.ts";
import { type EngineAddress, parseEngineAddress } from "../engine/engine_address.ts";
import { isLoopback, isPrivateHost } from "../util/server_addresses.ts";

/** Files with which Berth and a manager recognize each other over TCP. */
export interface EngineTlsFiles {
  /** Absolute path of the authority that signed the manager's certificate, as PEM. */
  readonly caFile: string;
  /** Absolute path of Berth's certificate, as PEM. */
  readonly certFile: string;
  /** Absolute path of the key of that certificate, as PEM. */
  readonly keyFile: string;
}

/** Where a Swarm is, and how its tasks reach Berth. */
export interface ClusterConfig {
  /** Addresses of managers, of which any will do; the first that answers is used. */
  readonly managers: readonly EngineAddress[];
  /** Files for managers over TCP. @default {none: all managers are reached over local sockets or loopback} */
  readonly tls?: EngineTlsFiles;
  /** Addresses of Berth's API as the tasks reach it, without a path, for example `https://berth.internal:8420`. */
  readonly berthUrls: readonly string[];
  /** Absolute path of the authority that signed the certificate there, as PEM. @default {one that images know} */
  readonly berthCaFile?: string;
}

/** The variables that {@linkcode clusterConfigOf} reads. */
export interface ClusterVariables {
  /** The kind of engine that runs the containers. */
  readonly RUNNER?: string;
  /** Addresses of engines separated by commas. */
  readonly DOCKER_HOST?: string;
  /** Folder of `ca.pem`, `cert.pem` and `key.pem`. */
  readonly DOCKER_CERT_PATH?: string;
  /** Addresses of Berth's API separated by commas. */
  readonly BERTH_URLS?: string;
  /** File of the authority behind those addresses. */
  readonly BERTH_CA?: string;
  /** Address of the object store. */
  readonly MINIO_ENDPOINT?: string;
}

const SOCKET = /^unix:\/\/\/[^,]+$/;

/**
 * Checks and reads the settings of a cluster.
 *
 * @param variables The variables, without empty ones.
 * @returns The settings, absent if one host's engine runs the containers, and everything that is wrong.
 */
export function clusterConfigOf(
  variables: ClusterVariables,
): { readonly cluster?: ClusterConfig; readonly issues: readonly Issue[] } {
  const { RUNNER, DOCKER_HOST: hosts, DOCKER_CERT_PATH: certPath, BERTH_URLS: urls } = variables;
  if (RUNNER !== "swarm") {
    if (hosts === undefined || SOCKET.test(hosts)) return { issues: [] };
    const message =
      "must be unix:///path/to/docker.sock: code is mounted from this machine's folders, so the engine " +
      "must be on it; RUNNER=swarm takes addresses of managers of a Swarm";
    return { issues: [{ path: "DOCKER_HOST", message }] };
  }
  const issues: Issue[] = [];
  const managers = listOf(hosts ?? "unix:///var/run/docker.sock").flatMap((text) => {
    const address = parseEngineAddress(text);
    if ("problem" in address) issues.push({ path: "DOCKER_HOST", message: address.problem });
    else if (address.host !== undefined && !isLoopback(address.host) && certPath === undefined) {
      issues.push({
        path: "DOCKER_CERT_PATH",
        message:
          `is missing, but DOCKER_HOST names ${address.host}: who reaches a manager without TLS rules its hosts; ` +
          "set the folder of ca.pem, cert.pem and key.pem",
      });
    } else return [address];
    return [];
  });
  if (variables.MINIO_ENDPOINT === undefined) {
    issues.push({ path: "MINIO_ENDPOINT", message: missing("code and results go through an object store") });
  }
  if (urls === undefined) {
    const message = missing("each bot asks Berth for its work; for example http://10.0.0.5:8420");
    issues.push({ path: "BERTH_URLS", message });
  }
  const berths = readBerthUrls(urls ?? "");
  issues.push(...berths.issues);
  if (issues.length > 0) return { issues };
  const tls = certPath !== undefined && {
    tls: { caFile: `${certPath}/ca.pem`, certFile: `${certPath}/cert.pem`, keyFile: `${certPath}/key.pem` },
  };
  return {
    cluster: {
      managers,
      ...tls,
      berthUrls: berths.urls,
      ...(variables.BERTH_CA !== undefined && { berthCaFile: variables.BERTH_CA }),
    },
    issues,
  };
}

/**
 * Reads `BERTH_URLS`.
 *
 * @param text Addresses separated by commas.
 * @returns The addresses without a path, and those that are none.
 */
export function readBerthUrls(
  text: string,
): { readonly urls: readonly string[]; readonly issues: readonly Issue[] } {
  const all = listOf(text);
  const issues = all.filter((url) => !isOrigin(url)).map((url): Issue => ({
    path: "BERTH_URLS",
    message: `must be addresses such as https://berth.internal:8420 separated by commas, without a path; '${
      url.replace(/^([^/]*\/\/).*@/, "$1…@")
    }' is none`,
  }));
  return { urls: issues.length > 0 ? [] : all.map((url) => new URL(url).origin), issues };
}

/**
 * Lists the addresses of Berth to which secrets and code travel in plain text through networks that are not private.
 *
 * @param config The settings.
 */
export function exposedUrls({ berthUrls }: Pick<ClusterConfig, "berthUrls">): string[] {
  return berthUrls.filter((text) => {
    const { protocol, hostname } = new URL(text);
    return protocol === "http:" && !isPrivateHost(hostname.replace(/^\[|\]$/g, ""));
  });
}

function missing(why: string): string {
  return `is missing, but RUNNER is swarm: ${why}`;
}

function listOf(text: string): string[] {
  return text.split(",").map((each) => each.trim()).filter(Boolean);
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.pathname === "/" && url.username === "" &&
    url.password === "" && url.search === "" && url.hash === "";
}
