/**
 * Writes the request for a program's own receiver, in the form of Standard Webhooks.
 *
 * @module
 */

import { Webhook } from "standardwebhooks";
import type { ToRequest } from "./http_request.ts";

/**
 * Writes `{ type, timestamp, data }`, where `data` is the event, and signs it if the channel has a key. Several events
 * are of the type `digest`, and `data` is `{ events }`.
 */
export const webhookRequest: ToRequest = ({ id, time, events }, { url, secret }, now) => {
  const [event] = events;
  const body = JSON.stringify(
    events.length === 1
      ? { type: event!.kind, timestamp: time, data: event }
      : { type: "digest", timestamp: time, data: { events } },
  );
  const headers = {
    "webhook-id": id,
    "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
    ...(secret !== undefined && { "webhook-signature": new Webhook(secret).sign(id, now, body) }),
  };
  return { url, headers, body };
};
