/**
 * Sends a request to a receiver, within limits of time and size.
 *
 * @module
 */

import type { HttpRequest } from "./http_request.ts";
import { messageOf } from "../../lib/errors.ts";
import { clipText } from "./clip_text.ts";

/** How a try to send ended. */
export type Sent =
  | { readonly isDelivered: true }
  | {
    readonly isDelivered: false;
    /** The problem and the advice; may hold the receiver's answer. */
    readonly problem: string;
    /** `down`: nothing reaches the receiver now. `refused`: it refuses this message. `gone`: it is gone for good. */
    readonly why: "down" | "refused" | "gone";
    /** How long the receiver asks to be left alone, in ms; at most an hour. @default it does not ask */
    readonly retryAfterMs?: number;
  };

/** How long a receiver may take, in ms. */
export const SEND_TIMEOUT_MS = 10_000;
/** How much of an answer is read, in bytes, and for how long, in ms. */
const MAX_ANSWER_BYTES = 2048;
const ANSWER_MS = 2_000;
/** How much of an answer is shown, in characters. */
const MAX_SHOWN = 200;
/** How long a receiver may ask to be left alone, in ms. */
const MAX_RETRY_AFTER_MS = 3_600_000;
/** Statuses of a receiver that has too much to do. */
const BUSY = new Set([408, 425, 429]);

/**
 * Sends a request.
 *
 * @param request The request.
 * @param signal Cancels the call.
 * @param hide Takes secrets out of an answer, before it is cut. @default nothing is taken out
 * @returns How it ended; rejects only with the signal's reason.
 */
export async function sendHttp(
  request: HttpRequest,
  signal: AbortSignal,
  hide: (text: string) => string = (text) => text,
): Promise<Sent> {
  const limit = AbortSignal.timeout(SEND_TIMEOUT_MS);
  try {
    const response = await fetch(request.url, {
      method: "POST",
      headers: { "content-type": "application/json", "user-agent": "Berth", ...request.headers },
      body: request.body,
      // A redirect would send secrets elsewhere, and turn the request into a GET.
      redirect: "manual",
      signal: AbortSignal.any([signal, limit]),
    });
    if (response.ok) {
      // The answer may never end.
      await response.body?.cancel().catch(() => {});
      return { isDelivered: true };
    }
    const said = await startOf(response, signal);
    const retryAfterMs = retryAfter(response, said);
    const judged = judge(response, clipText(hide(said), MAX_SHOWN));
    return { ...judged, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  } catch (error) {
    signal.throwIfAborted();
    return { isDelivered: false, why: "down", problem: explain(error, limit.aborted) };
  }
}

function judge({ status, headers }: Response, said: string): Sent {
  const answer = said === "" ? `it answers ${status}` : `it answers ${status}: ${said}`;
  const failed = (why: "down" | "refused" | "gone", problem: string): Sent => ({
    isDelivered: false,
    why,
    problem,
  });
  if (status >= 300 && status < 400) {
    const to = URL.parse(headers.get("location") ?? "")?.host;
    return failed(
      "refused",
      `it redirects${to === undefined ? "" : ` to ${to}`} (${status}); put the final address into the file`,
    );
  }
  if (status === 410) {
    return failed("gone", `${answer}; it is gone for good: remove the channel, or change its address`);
  }
  if (status >= 500 || BUSY.has(status)) return failed("down", answer);
  const advice = status === 401 || status === 403
    ? "; check the token"
    : status === 404
    ? "; check the address"
    : "";
  return failed("refused", `${answer}${advice}`);
}

/** Reads the start of an answer, which often says what is wrong. */
async function startOf(response: Response, signal: AbortSignal): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const over = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
  const stop = () => void reader.cancel().catch(() => {});
  over.addEventListener("abort", stop, { once: true });
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (let bytes = 0; bytes < MAX_ANSWER_BYTES;) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // Its earlier answer is enough.
  } finally {
    over.removeEventListener("abort", stop);
    stop();
  }
  // deno-lint-ignore no-control-regex
  return text.replace(/[\x00-\x1f\x7f]+/g, " ").trim();
}

/** Slack says it in a header, Telegram in its answer, Discord in both. */
function retryAfter({ headers }: Response, said: string): number | undefined {
  const header = headers.get("retry-after");
  const seconds = header === null ? retryAfterIn(said) : Number(header);
  const ms = Number.isNaN(seconds) ? Date.parse(header ?? "") - Date.now() : Number(seconds) * 1000;
  return ms > 0 ? Math.min(ms, MAX_RETRY_AFTER_MS) : undefined;
}

function retryAfterIn(said: string): unknown {
  try {
    const { retry_after, parameters } = JSON.parse(said);
    return retry_after ?? parameters?.retry_after;
  } catch {
    return undefined;
  }
}

function explain(error: unknown, isLate: boolean): string {
  if (isLate) return `it does not answer within ${SEND_TIMEOUT_MS / 1000} s`;
  if (error instanceof Deno.errors.NotCapable) {
    return "the service may not reach this host: the file names it since the last start; restart the service with 'berth start'";
  }
  const cause = error instanceof Error && error.cause !== undefined
    ? messageOf(error.cause)
    : messageOf(error);
  return `it cannot be reached: ${cause}`;
}
