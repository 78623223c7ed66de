/**
 * Writes the requests for ntfy, and for an Apprise API, which passes messages on to many other services.
 *
 * @module
 */

import type { ToRequest } from "./http_request.ts";

/** Emoji tags that ntfy shows before the title. */
const TAG = { info: "information_source", warning: "warning", critical: "rotating_light" } as const;
const PRIORITY = { info: 2, warning: 4, critical: 5 } as const;

/** Longest message, in bytes: ntfy makes an attachment of a longer one. */
const MAX_NTFY_BYTES = 4000;

/** For a server of ntfy: JSON, sent to its root. */
export const ntfyRequest: ToRequest = (message, { url, topic = "", token }) => {
  const { title, text, severity, isGood } = message;
  return {
    url,
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    body: JSON.stringify({
      topic,
      title,
      message: clippedBytes(text || title, MAX_NTFY_BYTES),
      priority: isGood ? 3 : PRIORITY[severity],
      tags: [isGood ? "white_check_mark" : TAG[severity]],
    }),
  };
};

/** For an Apprise API: `POST /notify/KEY`. */
export const appriseRequest: ToRequest = ({ title, text, severity, isGood }, { url }) => {
  const type = isGood ? "success" : severity === "critical" ? "failure" : severity;
  return { url, body: JSON.stringify({ title, body: text || title, type, format: "text" }) };
};

function clippedBytes(text: string, max: number): string {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length <= max) return text;
  // A character that is cut in two is left out.
  return `${new TextDecoder().decode(bytes.subarray(0, max - 3), { stream: true })}…`;
}
