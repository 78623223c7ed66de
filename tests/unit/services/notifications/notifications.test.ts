import assert from "node:assert/strict";
import { Webhook } from "standardwebhooks";
import type { Incident } from "../../../../services/notifications/incidents.ts";
import type { RecordStore } from "../../../../services/records/record_store.ts";
import { NotificationsFixture } from "../../../support/fixtures/notifications_fixture.ts";
import { until } from "../../../support/until.ts";

const WEBHOOK = "channels:\n- { name: hook, type: webhook, url: 'URL' }\n";

function incident(bot: string, more: Partial<Incident> = {}): Incident {
  return {
    kind: "bot.crash_loop",
    bot,
    severity: "critical",
    title: "it crashes",
    text: "exit code 1",
    ...more,
  };
}

const states = (fixture: NotificationsFixture) =>
  fixture.receiver.requests.map(({ json }) => `${json.data.bot} ${json.data.state}`);

Deno.test("an incident is told once when it begins and once when it ends, by a signed request", async () => {
  await using fixture = await NotificationsFixture.open();
  const { receiver } = fixture;
  const secret = `whsec_${btoa("0123456789abcdef01234567")}`;
  await Deno.mkdir(`${fixture.folder}/secrets`);
  await Deno.writeTextFile(`${fixture.folder}/secrets/hook`, secret, { mode: 0o600 });
  await fixture.write(
    "channels:\n- name: hook\n  type: webhook\n  url: URL\n  secret: file:hook\n",
  );
  await using process = await fixture.start();
  const { incidents } = process;
  for (let n = 0; n < 3; n++) incidents.open(incident("one"));
  await until("the beginning", () => receiver.requests.length === 1);
  incidents.close({ kind: "bot.silent", bot: "one" });
  for (let n = 0; n < 3; n++) incidents.close(incident("one"), { text: "it runs" });
  await until("the end", () => receiver.requests.length === 2);
  incidents.open(incident("one"));
  await until("the next beginning", () => receiver.requests.length === 3);
  assert.deepEqual(states(fixture), ["one opened", "one recovered", "one opened"]);
  const [{ body, headers, json }] = receiver.requests as [typeof receiver.requests[0]];
  new Webhook(secret).verify(body, Object.fromEntries(headers));
  assert.equal(json.type, "bot.crash_loop");
  assert.equal(json.data.title, "one: it crashes");
  assert.equal(json.data.id, headers.get("webhook-id"));
});

Deno.test("what an operator asked for ends an incident without a word", async () => {
  await using fixture = await NotificationsFixture.open();
  await fixture.write(WEBHOOK);
  await using process = await fixture.start();
  const { incidents } = process;
  incidents.open(incident("one"));
  incidents.open(incident("two"));
  incidents.closeAll("one");
  incidents.close(incident("two"));
  await until("three messages", () => fixture.receiver.requests.length === 3);
  assert.deepEqual(states(fixture), ["one opened", "two opened", "two recovered"]);
  assert.deepEqual(incidents.list(), []);
});

Deno.test("a receiver that was down gets each event once, in order, also from the next process", async () => {
  await using fixture = await NotificationsFixture.open();
  const { receiver } = fixture;
  await fixture.write(WEBHOOK);
  await receiver.goDown();
  {
    await using process = await fixture.start();
    process.incidents.open(incident("one"));
    process.incidents.close(incident("one"));
    process.incidents.open(incident("two"));
    await until("a failed try", () => process.notifications.deliverer.problemOf("hook") !== undefined);
    assert.match(process.notifications.deliverer.problemOf("hook")!, /cannot be reached/);
  }
  receiver.comeBack();
  await using process = await fixture.start();
  await until("all events", () => receiver.requests.length === 3);
  process.incidents.open(incident("two"));
  process.incidents.close(incident("two"));
  await until("the end of the second", () => receiver.requests.length === 4);
  assert.deepEqual(states(fixture), ["one opened", "one recovered", "two opened", "two recovered"]);
  await until("the last record", () => process.notifications.outbox.size === 0);
  const past = await process.notifications.outbox.past({ limit: 10 });
  assert.deepEqual(past.map(({ outcome }) => outcome), Array(4).fill("delivered"));
});

Deno.test("an incident of a bot that was removed meanwhile is over without a word", async () => {
  await using fixture = await NotificationsFixture.open();
  await fixture.write(WEBHOOK);
  {
    await using process = await fixture.start();
    for (const bot of ["one", "two"]) process.incidents.open(incident(bot));
    await until(
      "both",
      () => process.notifications.outbox.size === 0 && fixture.receiver.requests.length === 2,
    );
  }
  fixture.removed.add("one");
  await using process = await fixture.start();
  await until("one record", async () => (await fixture.records.list("incidents")).length === 1);
  process.incidents.close(incident("two"));
  await until("the end", () => fixture.receiver.requests.length === 3);
  assert.deepEqual(states(fixture), ["one opened", "two opened", "two recovered"]);
});

Deno.test("an incident of a removed bot that a guard holds stays open, so that nobody is told of it again", async () => {
  await using fixture = await NotificationsFixture.open();
  await fixture.write(WEBHOOK);
  const guard = { ...incident("one"), kind: "bot.guard_tripped" as const };
  {
    await using process = await fixture.start();
    for (const name of ["held", "released"]) process.incidents.open({ ...guard, guard: name });
    await until(
      "both",
      () => process.notifications.outbox.size === 0 && fixture.receiver.requests.length === 2,
    );
  }
  fixture.removed.add("one");
  fixture.held.add("held");
  await using process = await fixture.start();
  await until("one record", async () => (await fixture.records.list("incidents")).length === 1);
  process.incidents.open({ ...guard, guard: "held" });
  process.incidents.close({ ...guard, guard: "held" });
  await until("the end", () => fixture.receiver.requests.length === 3);
  assert.deepEqual(states(fixture), ["one opened", "one opened", "one recovered"]);
});

Deno.test("incidents are told once the file of channels can be read, and routed by label", async () => {
  await using fixture = await NotificationsFixture.open();
  fixture.labels.one = { team: "desk" };
  await fixture.write("channels: [");
  {
    await using process = await fixture.start();
    process.incidents.open(incident("one"));
    process.incidents.open(incident("two"));
    await until("both are stored", async () => (await fixture.records.list("incidents")).length === 2);
  }
  await fixture.write("channels:\n- { name: hook, type: webhook, url: 'URL', bots: ['team=desk'] }\n");
  await using process = await fixture.start();
  await until("one message", () => fixture.receiver.requests.length === 1);
  process.incidents.close(incident("two"));
  process.incidents.close(incident("one"));
  await until("its end", () => fixture.receiver.requests.length === 2);
  assert.deepEqual(states(fixture), ["one opened", "one recovered"]);
});

/** A store whose process is killed at its n-th write: right before it if n is even, else right after. */
function dyingStore(
  records: RecordStore,
  at: number,
): { readonly store: RecordStore; readonly isDead: () => boolean } {
  let writes = 0;
  let isDead = false;
  const die = () => Promise.reject(new Error("killed"));
  const store = new Proxy(records, {
    get(target, name) {
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) => {
        if (isDead) return die();
        const call = () => method.apply(target, args);
        if (!["insert", "replace", "delete"].includes(String(name)) || writes++ !== at >> 1) return call();
        isDead = true;
        return at % 2 === 0 ? die() : call().then(die);
      };
    },
  });
  return { store, isDead: () => isDead };
}

Deno.test("a process that is killed at any of its writes neither loses nor doubles an event", async () => {
  let again = 0;
  for (let at = 0;; at++) {
    await using fixture = await NotificationsFixture.open();
    const { receiver, records } = fixture;
    await fixture.write(WEBHOOK);
    const { store, isDead } = dyingStore(records, at);
    const isOver = async (requests: number) =>
      receiver.requests.length >= requests && (await records.list("outbox")).length === 0;
    let wasClosed = false;
    {
      await using doomed = await fixture.start({ records: store, isDead });
      doomed.incidents.open(incident("one"));
      await until("the beginning", async () => isDead() || await isOver(1));
      if (!isDead()) {
        doomed.incidents.close(incident("one"));
        await until(
          "the end",
          async () => isDead() || (await isOver(2) && (await records.list("incidents")).length === 0),
        );
        wasClosed = true;
      }
    }
    if (!isDead()) {
      assert.ok(at > 12, `${at} steps`);
      break;
    }
    await using next = await fixture.start();
    // The bot is as it was: the next process says the same of it.
    if (!wasClosed) next.incidents.open(incident("one"));
    next.incidents.close(incident("one"));
    await until("both", async () => await isOver(2) && (await records.list("incidents")).length === 0);
    const ids = receiver.requests.map(({ headers }) => headers.get("webhook-id"));
    const once = [...new Map(receiver.requests.map(({ json }) => [json.data.id, json.data.state])).values()];
    assert.deepEqual(once, ["opened", "recovered"], `step ${at}`);
    // A request that was answered, and not noted before the kill, comes again with the same id.
    again += ids.length - 2;
    assert.equal((await records.list("deliveries")).length, 2);
  }
  assert.equal(again, 2);
});
