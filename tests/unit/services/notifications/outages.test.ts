import assert from "node:assert/strict";
import { EngineUnavailableError } from "../../../../lib/errors.ts";
import { createSecretResolver } from "../../../../lib/secrets/create_secret_resolver.ts";
import { StoreUnavailableError } from "../../../../services/documents/bot_repository.ts";
import { channelSender, type SendMessage } from "../../../../services/notifications/channel_sender.ts";
import { ChannelsFile } from "../../../../services/notifications/channels_file.ts";
import { OUTAGE_GRACE_MS, OutageIncidents } from "../../../../services/notifications/outage_incidents.ts";
import { Outbox } from "../../../../services/notifications/outbox.ts";
import { StoreOutage } from "../../../../services/notifications/store_outage.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";
import { NotificationsFixture } from "../../../support/fixtures/notifications_fixture.ts";
import { until } from "../../../support/until.ts";

const STORE_DOWN = new StoreUnavailableError("MongoDB does not answer");

Deno.test("an outage is told after a grace period, once for all services, and so is its end", async () => {
  const clock = new FakeClock();
  const lines: string[] = [];
  const taker = {
    open: ({ kind }: { kind: string }) => void lines.push(`open ${kind}`),
    close: ({ kind }: { kind: string }) =>
      void (lines.at(-1) === `open ${kind}` && lines.push(`closed ${kind}`)),
  };
  using outages = new OutageIncidents({ incidents: taker, store: taker, clock });
  outages.report("bots resync", STORE_DOWN);
  await clock.advance(OUTAGE_GRACE_MS - 1);
  outages.report("bots resync", undefined);
  await clock.advance(OUTAGE_GRACE_MS);
  assert.deepEqual(lines, []);
  const down = new EngineUnavailableError("no socket");
  for (const part of ["bots resync", "schedules sweep"]) outages.report(part, down);
  await clock.advance(OUTAGE_GRACE_MS);
  outages.report("bots resync", undefined);
  await settle();
  assert.deepEqual(lines, ["open engine.unreachable"]);
  outages.report("schedules sweep", new Error("of another kind"));
  assert.deepEqual(lines, ["open engine.unreachable", "closed engine.unreachable"]);
});

Deno.test("an outage of the database is told without the database, once, also over a restart", async () => {
  await using fixture = await NotificationsFixture.open();
  const { receiver, folder, records } = fixture;
  await fixture.write("channels:\n- { name: hook, type: webhook, url: 'URL' }\n");
  using resolver = createSecretResolver({ dir: folder, env: {} }, folder);
  const outbox = new Outbox(records, "bots.-1");
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const make = () =>
    new StoreOutage({
      path: `${folder}/outage.json`,
      instance: "test",
      file: new ChannelsFile(fixture.path),
      send: channelSender({ secrets: resolver, folder }),
      outbox: () => outbox,
      wake() {},
      clock,
    });
  const incident = {
    kind: "store.unreachable",
    severity: "critical",
    title: "no database",
    text: "",
  } as const;
  const first = make();
  first.open(incident);
  // The answer must have come, too: a service that ends before it does sends the message again.
  const noted = () => JSON.parse(Deno.readTextFileSync(`${folder}/outage.json`)) as { told: string[] };
  await until(
    "the message and its answer",
    () => receiver.requests.length === 1 && noted().told.length === 1,
  );
  await first.stop();
  const next = make();
  next.open(incident);
  await next.stop();
  next.close(incident);
  await next.stop();
  assert.equal(receiver.requests.length, 1);
  const waiting = outbox.waitingFor("hook").map(({ event }) => `${event.kind} ${event.state}`);
  assert.deepEqual(waiting, ["store.unreachable recovered"]);
  const after = make();
  after.close(incident);
  await after.stop();
  assert.equal(outbox.size, 1);
});

Deno.test("a channel that was told hears of the end, although another never answered", async () => {
  await using fixture = await NotificationsFixture.open();
  const { folder, records } = fixture;
  const names = ["one", "slow", "two"];
  await fixture.write(
    `channels:\n${names.map((name) => `- { name: ${name}, type: webhook, url: 'URL' }\n`).join("")}`,
  );
  const outbox = new Outbox(records, "bots.-1");
  const path = `${folder}/outage.json`;
  const send: SendMessage = (_message, { name }, signal) => {
    if (name !== "slow") return Promise.resolve({ isDelivered: true });
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  const file = new ChannelsFile(fixture.path);
  const outage = new StoreOutage({
    path,
    instance: "test",
    file,
    send,
    outbox: () => outbox,
    wake() {},
    clock,
  });
  outage.open({ kind: "store.unreachable", severity: "critical", title: "no database", text: "" });
  await until("both are noted", async () => {
    const text = await Deno.readTextFile(path).catch(() => "{}");
    return JSON.parse(text).told?.length === 2;
  });
  outage.close({ kind: "store.unreachable" });
  await outage.stop();
  assert.deepEqual(outbox.channels().toSorted(), ["one", "two"]);
});
