/**
 * Handles the operations on events.
 *
 * @module
 */

import type { EventFeed, FeedEvent } from "./event_feed.ts";
import { eventStream } from "./event_stream.ts";
import type { Handlers } from "./handlers.ts";

/** Which events to send. */
interface EventsRequest {
  readonly query: { readonly last: number; readonly follow: boolean };
  readonly signal: AbortSignal;
  header(name: string): string | undefined;
}

/**
 * Makes the handlers.
 *
 * @param feed The events.
 */
export function eventHandlers(feed: EventFeed): Handlers<"streamEvents" | "streamBotEvents"> {
  function stream(
    { query, signal, header }: EventsRequest,
    isWanted: (event: FeedEvent) => boolean,
  ): Response {
    return eventStream({
      signal,
      open(client) {
        const send = (one: FeedEvent) => {
          if (isWanted(one)) {
            client.send({ id: one.eventId, name: one.event.type, data: JSON.stringify(one.event) });
          }
        };
        const lastId = header("last-event-id");
        const { events, gap } = lastId
          ? feed.after(lastId)
          : { events: feed.last(query.last), gap: undefined };
        if (gap !== undefined) {
          client.send({ id: feed.position, name: "reset", data: JSON.stringify({ reason: gap }) });
        }
        events.forEach(send);
        if (!query.follow) return client.end();
        // A client that has seen no event can come back, too.
        if (gap === undefined && events.length === 0) {
          client.send({ id: feed.position, name: "open", data: "{}" });
        }
        return feed.subscribe(send);
      },
    });
  }
  return {
    streamEvents: (request) => Promise.resolve(stream(request, () => true)),
    streamBotEvents: (request) =>
      Promise.resolve(stream(request, ({ event }) => event.id === request.params.id)),
  };
}
