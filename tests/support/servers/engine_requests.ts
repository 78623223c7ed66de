/**
 * Records the requests of Berth to the engine.
 *
 * @module
 */

import type { TcpProxy } from "./tcp_proxy.ts";

/** A request. */
export interface EngineRequestLine {
  /** HTTP method. */
  readonly method: string;
  /** Path, without its query. */
  readonly path: string;
  /** Parameters. */
  readonly query: URLSearchParams;
}

/**
 * Notes the requests that go through a proxy to an engine, from now on.
 *
 * @param proxy The proxy.
 * @returns The requests so far; the list grows.
 */
export function noteRequests(proxy: TcpProxy): EngineRequestLine[] {
  const requests: EngineRequestLine[] = [];
  proxy.onStep = ({ to, chunk }) => {
    if (to !== "server") return;
    const line = /^([A-Z]+) (\S+) HTTP\/1\.1\r\n/.exec(new TextDecoder().decode(chunk.subarray(0, 4096)));
    if (!line) return;
    const url = new URL(line[2]!, "http://engine");
    requests.push({
      method: line[1]!,
      path: url.pathname.replace(/^\/v[\d.]+/, ""),
      query: url.searchParams,
    });
  };
  return requests;
}
