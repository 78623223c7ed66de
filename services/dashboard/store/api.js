/** Calls the API of the service that this page comes from. */

import { parseExact } from "../text/exact_json.js";
import { Problem, unreachable } from "./problem.js";
import { untilLoggedIn } from "./session.js";

/**
 * Sends a request and waits for its answer. If the session is over, waits for a login and sends it again.
 *
 * @param path Path, for example `/api/bots`.
 * @param options `query` (undefined values are left out), `method`, `body` (sent as JSON), `headers`, `signal`,
 * `patienceMs` (how long an answer may take), and `what`: what a person asked for, in words.
 * @returns The response, which is a good one.
 * @throws {Problem} If it fails.
 */
export async function request(
  path,
  { query = {}, method = "GET", body, headers = {}, signal, patienceMs, what } = {},
) {
  const parameters = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== undefined));
  const url = parameters.size > 0 ? `${path}?${parameters}` : path;
  const init = {
    method,
    headers: {
      ...headers,
      ...(body !== undefined && { "content-type": "application/json" }),
      // Sent again after a login or a lost answer, it is still done once.
      ...(method === "POST" && { "idempotency-key": randomKey() }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
  while (true) {
    // Anew for each try: a person may take hours to log in again.
    const signals = [signal, patienceMs && AbortSignal.timeout(patienceMs)].filter(Boolean);
    const response = await fetch(url, { ...init, signal: AbortSignal.any(signals) }).catch(onFailure);
    if (response.ok) return response;
    const problem = await Problem.of(response);
    if (problem.status !== 401 || !await untilLoggedIn(what)) throw problem;
  }
}

/** How long an answer may take, in ms: a connection that is broken in the middle never gives one. */
const PATIENCE_MS = 60_000;

/** Like {@linkcode request}; gives the JSON of the answer, which has a minute to come. */
export async function call(path, options) {
  const response = await request(path, { ...options, patienceMs: PATIENCE_MS });
  if (response.status === 204) return undefined;
  return parseExact(await response.text().catch(onFailure));
}

function onFailure(error) {
  throw error.name === "AbortError" ? error : unreachable();
}

/** Browsers give `crypto.randomUUID()` only to pages that come by TLS or from this machine. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/** Path of a bot, or of something of it. */
export const botPath = (id, rest = "") => `/api/bots/${encodeURIComponent(id)}${rest}`;
