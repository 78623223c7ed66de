import assert from "node:assert/strict";
import type { BotChange } from "../../services/documents/bot_repository.ts";
import { EventsUnavailableError } from "../../services/events/bot_event_publisher.ts";
import { connectNats } from "../../services/nats/connect_nats.ts";
import { NatsBotPublisher } from "../../services/nats/nats_bot_publisher.ts";
import { testWithNats } from "../support/servers/nats_server.ts";
import { until } from "../support/until.ts";

const change = (id: string): BotChange => ({ type: "updated", id, document: { config: {} }, order: {} });

testWithNats(
  "NatsBotPublisher publishes the first changes after the server was down, each once",
  async (server) => {
    await server.start();
    await using publisher = new NatsBotPublisher(connectNats(server.url));
    await publisher.publish(change("before"));
    await server.signal("KILL");
    await assert.rejects(publisher.publish(change("meanwhile")), EventsUnavailableError);
    await server.start();
    await publisher.publish(change("between"));
    await server.signal("KILL");
    await server.start();
    const seen: string[] = [];
    const subscriber = await server.connect();
    subscriber.subscribe("the0.bot.*", {
      callback: (_, message) => void seen.push(message.json<{ id: string }>().id),
    });
    await subscriber.flush();
    await Promise.all(["a", "b", "c"].map((id) => publisher.publish(change(id))));
    await until("the changes", () => seen.length >= 3);
    assert.deepEqual(seen.toSorted(), ["a", "b", "c"]);
    await subscriber.close();
  },
);
