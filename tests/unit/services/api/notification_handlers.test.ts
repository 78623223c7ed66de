import assert from "node:assert/strict";
import { Outbox } from "../../../../services/notifications/outbox.ts";
import { openedEvent } from "../../../../services/notifications/notification_event.ts";
import { ApiFixture } from "../../../support/fixtures/api_fixture.ts";
import { Receiver } from "../../../support/servers/receiver.ts";

const TOKEN_PATH = "/in/secret-part";

Deno.test("the API lists channels and mistakes without an address, and sends tests with the right to operate", async () => {
  await using receiver = Receiver.open(({ path }) => new Response(`no hook at ${path}`, { status: 404 }));
  await using fixture = await ApiFixture.open();
  const { local, send, makeToken, temp } = fixture;
  await Deno.writeTextFile(
    `${temp}/data/channels.yaml`,
    `channels:\n- { name: hook, type: slack, url: '${receiver.url}', bots: [one] }\n- { name: bad, type: ntfy }\n`,
  );
  const about = await (await local("/api/notifications")).json();
  assert.deepEqual(about.channels, [
    { name: "hook", type: "slack", host: receiver.host, bots: ["one"], waiting: 0 },
  ]);
  assert.match(about.problems.join(), /line 3: channels\[1\]\.topic: is missing/);
  const post = (token: string, name = "hook") =>
    send(`/api/notifications/channels/${name}/test`, { token, method: "POST" });
  const reader = await makeToken("read");
  assert.equal((await post(reader.value)).status, 403);
  const operator = await makeToken("operate");
  assert.deepEqual(await (await post(operator.value)).json(), {
    isDelivered: false,
    problem: "it answers 404: no hook at ***; check the address",
  });
  receiver.answer = () => new Response(null, { status: 200 });
  assert.deepEqual(await (await post(operator.value)).json(), { isDelivered: true });
  assert.match(receiver.requests[1]!.json.text, /Test of Berth's notifications/);
  const missing = await post(operator.value, "bad");
  assert.equal(missing.status, 404);
  await missing.body?.cancel();
  const audit = await (await local("/api/audit?operation=testChannel")).text();
  assert.ok(audit.includes('"hook"') && !audit.includes(TOKEN_PATH));
});

Deno.test("the API lists deliveries page by page, the latest event first", async () => {
  await using fixture = await ApiFixture.open();
  const { local } = fixture;
  const outbox = new Outbox(fixture.services.stores.records, "bots.-1");
  for (let now = 1; now <= 5; now++) {
    const source = { instance: "test", now, suffix: "00" };
    const event = openedEvent(
      { kind: "bot.oom", bot: "one", severity: "warning", title: `${now}`, text: "" },
      source,
    );
    await outbox.add(event, "hook", now);
    await outbox.end(outbox.waitingFor("hook")[0]!, now === 2 ? "given-up" : "delivered", now);
  }
  const titles: string[] = [];
  let cursor: string | undefined;
  do {
    const query = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await (await local(`/api/notifications/deliveries?limit=2${query}`)).json();
    for (const { event, outcome } of page.deliveries) titles.push(`${event.title} ${outcome}`);
    cursor = page.next;
  } while (cursor !== undefined);
  assert.deepEqual(titles, [
    "one: 5 delivered",
    "one: 4 delivered",
    "one: 3 delivered",
    "one: 2 given-up",
    "one: 1 delivered",
  ]);
});
