import assert from "node:assert/strict";
import { NotificationsFixture } from "../../../support/fixtures/notifications_fixture.ts";
import { Receiver } from "../../../support/servers/receiver.ts";
import { sendHttp } from "../../../../services/notifications/send_http.ts";
import { fullOrShort } from "../../../support/full_or_short.ts";
import { settle } from "../../../support/fake_clock.ts";
import { until } from "../../../support/until.ts";
import type { Incident } from "../../../../services/notifications/incidents.ts";

const CHANNELS = `channels:
- { name: bad, type: webhook, url: 'URL' }
- { name: good, type: webhook, url: 'GOOD' }
`;

function incident(bot: string): Incident {
  return { kind: "bot.failed", bot, severity: "critical", title: "it does not run", text: "" };
}

/** A body that never ends. */
function endless(status: number): Response {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("still talking")),
  });
  return new Response(body, { status });
}

/** Sends one event to a bad receiver and a good one, and returns what is known about the bad one. */
async function problemOf(
  answer: Receiver["answer"],
): Promise<{ problem: string; outcome: string | undefined }> {
  await using fixture = await NotificationsFixture.open();
  await using good = Receiver.open();
  fixture.receiver.answer = answer;
  await fixture.write(CHANNELS.replace("GOOD", good.url));
  await using process = await fixture.start();
  const { deliverer, outbox } = process.notifications;
  process.incidents.open(incident("one"));
  await until("the good one", () => good.requests.length === 1);
  await until("the bad one's problem", () => deliverer.problemOf("bad") !== undefined);
  await until("the record", () => outbox.size === 0 || outbox.waitingFor("bad")[0]?.attempts === 1);
  assert.equal(deliverer.problemOf("good"), undefined);
  const past = await outbox.past({ limit: 10 });
  return {
    problem: deliverer.problemOf("bad")!,
    outcome: past.find(({ channel }) => channel === "bad")?.outcome,
  };
}

Deno.test("a receiver that answers 500 is tried again, and does not hold up another", async () => {
  const { problem, outcome } = await problemOf(() => new Response("oh dear", { status: 500 }));
  assert.match(problem, /answers 500: oh dear/);
  assert.equal(outcome, undefined);
});

Deno.test("a receiver that is gone for good is not tried again", async () => {
  const { problem, outcome } = await problemOf(() => new Response(null, { status: 410 }));
  assert.match(problem, /answers 410.*remove the channel/);
  assert.equal(outcome, "given-up");
});

Deno.test("a redirect is not followed: its target is named without its path", async () => {
  const headers = { location: "https://elsewhere.example.org/secret/path" };
  const { problem } = await problemOf(() => new Response(null, { status: 307, headers }));
  assert.match(problem, /redirects to elsewhere\.example\.org \(307\); put the final address/);
  assert.doesNotMatch(problem, /secret/);
});

Deno.test("a refusal that never ends is read for two seconds", async () => {
  const { problem } = await problemOf(() => endless(503));
  assert.match(problem, /answers 503: still talking/);
});

Deno.test("a problem shows no secret that the receiver repeats", async () => {
  const { problem } = await problemOf(({ path }) => new Response(`no such hook ${path}`, { status: 404 }));
  assert.equal(problem, "it answers 404: no such hook ***; check the address");
});

Deno.test("a success counts even if the answer never ends", async () => {
  await using fixture = await NotificationsFixture.open();
  fixture.receiver.answer = () => endless(200);
  await fixture.write("channels:\n- { name: hook, type: webhook, url: 'URL' }\n");
  await using process = await fixture.start();
  process.incidents.open(incident("one"));
  process.incidents.open(incident("two"));
  await until(
    "both",
    () => process.notifications.outbox.size === 0 && fixture.receiver.requests.length === 2,
  );
});

Deno.test("a wake looks at few of many deliveries that wait for a receiver that is down", async () => {
  await using fixture = await NotificationsFixture.open();
  fixture.receiver.answer = () => new Response(null, { status: 503 });
  await fixture.write("channels: [{ name: program, type: webhook, url: 'URL' }]\n");
  await using process = await fixture.start();
  const { deliverer, outbox } = process.notifications;
  for (let n = 0; n < 500; n++) process.incidents.open(incident(`bot-${n}`));
  await until("all wait", () => outbox.size === 500);
  await until("the first try", () => deliverer.problemOf("program") !== undefined);
  const waitingFor = outbox.waitingFor.bind(outbox);
  let looks = 0;
  outbox.waitingFor = (channel) =>
    new Proxy(waitingFor(channel), {
      get: (list, name) => {
        looks++;
        return Reflect.get(list, name);
      },
    });
  for (let n = 0; n < 20; n++) {
    deliverer.wake();
    await settle();
  }
  assert.ok(looks > 0 && looks < 20 * 10, `${looks} looks`);
});

Deno.test("a message that is refused lets the next ones pass", async () => {
  await using fixture = await NotificationsFixture.open();
  fixture.receiver.answer = ({ json }) => new Response(null, { status: json.data.bot === "one" ? 400 : 204 });
  await fixture.write("channels:\n- { name: hook, type: webhook, url: 'URL' }\n");
  await using process = await fixture.start();
  for (const bot of ["one", "two", "three"]) process.incidents.open(incident(bot));
  await until("the others", () => process.notifications.outbox.size === 1);
  assert.equal(process.notifications.outbox.allWaiting()[0]!.event.bot, "one");
});

Deno.test("a channel whose secret is missing waits, and works once the file is mended", async () => {
  await using fixture = await NotificationsFixture.open();
  await fixture.write("channels:\n- { name: hook, type: slack, url_file: address }\n");
  await using process = await fixture.start();
  process.incidents.open(incident("one"));
  await until("a problem", () => process.notifications.deliverer.problemOf("hook") !== undefined);
  assert.match(process.notifications.deliverer.problemOf("hook")!, /url_file: '.*address' cannot be read/);
  await Deno.writeTextFile(`${fixture.folder}/address`, `${fixture.receiver.url}\n`);
  await until("the message", () => fixture.receiver.requests.length === 1);
});

Deno.test({
  name: "a receiver that takes a connection and says nothing is given ten seconds",
  // It takes as long.
  ignore: fullOrShort(false, true),
  async fn() {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const accepted = listener.accept();
    const request = { url: `http://127.0.0.1:${listener.addr.port}/`, body: "{}" };
    const sent = await sendHttp(request, new AbortController().signal);
    (await accepted).close();
    assert.deepEqual(sent, { isDelivered: false, why: "down", problem: "it does not answer within 10 s" });
  },
});
