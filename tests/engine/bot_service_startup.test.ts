import { seededRandom } from "../support/seeded_random.ts";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { pause } from "../support/until.ts";

for (const seed of [1, 2]) {
  Deno.test(`BotService says what it waits for, whatever of it comes up first (order ${seed})`, async () => {
    await using fixture = await BotFixture.open();
    const { document, write, publish, start, proxies } = fixture;
    const { below } = seededRandom(seed);
    for (const proxy of Object.values(proxies)) await proxy.cut();
    await write(document("written"));
    await publish("created", document("published"));
    await using berth = start();
    await berth.logged(/ waiting for=/);
    const closed = Object.values(proxies);
    const { engine, mongo, nats } = proxies;
    while (closed.length > 0) {
      await closed.splice(below(closed.length), 1)[0]!.open();
      // Events are for the one service that serves the bots: the database and the engine decide first which it is.
      const isServing = !closed.includes(engine) && !closed.includes(mongo);
      if (isServing && closed.includes(nats)) await berth.logged(/No events: cannot reach/);
      await pause(300, "each order of tries is a good one");
    }
    await untilRunning(fixture, { written: {}, published: {} });
    await berth.logged(/all services reachable again/);
  });
}
