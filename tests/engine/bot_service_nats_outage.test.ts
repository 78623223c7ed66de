import assert from "node:assert/strict";
import { jetstreamManager } from "@nats-io/jetstream";
import { durableNameOf } from "../../services/nats/nats_bot_events.ts";
import { BotFixture, STREAM, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { until } from "../support/until.ts";

Deno.test("BotService applies what was published while it did not reach NATS, in order and once", async () => {
  await using fixture = await BotFixture.open();
  const { document, publish, id, start, documents, nats, env, proxies } = fixture;
  await using berth = start();
  await publish("created", document("kept"));
  await publish("created", document("gone"));
  await untilRunning(fixture, { kept: {}, gone: {} });

  await proxies.nats.cut();
  await nats.signal("TERM");
  await berth.logged(/No events: /);
  await nats.start();
  for (let version = 1; version <= 20; version++) {
    await publish("updated", document("kept", { version }));
    await publish("created", document(`short-${version}`));
    await publish("deleted", { id: id(`short-${version}`) });
  }
  await publish("deleted", { id: id("gone") });
  await publish("created", document("late"));
  await publish("updated", document("late", { version: 1 }));
  await proxies.nats.open();

  await untilRunning(fixture, { kept: { version: 20 }, late: { version: 1 } });
  const connection = await nats.connect();
  const manager = await jetstreamManager(connection);
  const consumer = () => manager.consumers.info(STREAM, durableNameOf(env.BERTH_INSTANCE!));
  const { state } = await manager.streams.info(STREAM);
  await until("the acknowledgement of all", async () => (await consumer()).num_ack_pending === 0);
  const { ack_floor, delivered } = await consumer();
  // Each was delivered once and taken.
  assert.deepEqual([ack_floor.stream_seq, delivered.consumer_seq], [state.last_seq, state.messages]);
  await connection.close();
  const ids = await documents.find({ berth_test: env.BERTH_INSTANCE }).map(({ id }) => id).toArray();
  assert.deepEqual(ids.sort(), [id("kept"), id("late")]);
  const startsOf = (name: string) =>
    berth.lines.filter((line) => line.includes("bot started") && line.includes(`id=${id(name)} `)).length;
  // As many as there were states of it, and never one twice.
  assert.equal(startsOf("gone"), 1);
  assert.ok(startsOf("late") <= 2 && startsOf("kept") <= 21);
  for (let version = 1; version <= 20; version++) assert.ok(startsOf(`short-${version}`) <= 1);
});
