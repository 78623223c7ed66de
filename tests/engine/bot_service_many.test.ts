import assert from "node:assert/strict";
import { BotFixture, untilRunning } from "../support/fixtures/bot_fixture.ts";
import { warningsOf } from "../support/processes/berth_process.ts";
import { noteRequests } from "../support/servers/engine_requests.ts";
import { fullOrShort } from "../support/full_or_short.ts";

/** Their start takes longer than several intervals. */
const BOTS = fullOrShort(200, 30);

Deno.test("BotService starts no bot twice, however many full reads come while it starts them", async () => {
  await using fixture = await BotFixture.open();
  const { document, write, start, proxies, id } = fixture;
  const names = Array.from({ length: BOTS }, (_, index) => `bot-${index}`);
  for (const name of names) await write(document(name));
  const requests = noteRequests(proxies.engine);
  await using berth = start({ RECONCILE_INTERVAL: "1" });
  const begin = performance.now();
  await untilRunning(fixture, Object.fromEntries(names.map((name) => [name, {}])), 180_000);
  const lists = requests.filter(({ path }) => path === "/containers/json").length;
  console.log(`${BOTS} bots in ${Math.round(performance.now() - begin)} ms, ${lists} full reads meanwhile`);
  const created = requests.filter(({ path }) => path === "/containers/create").map(({ query }) =>
    query.get("name")
  );
  assert.equal(created.length, BOTS);
  assert.equal(new Set(created).size, BOTS);
  // A start that meets the container of another one warns; so does a database that keeps Berth waiting.
  assert.deepEqual(warningsOf(berth), [], `${id("")}\n${berth.lines.join("\n")}`);
});
