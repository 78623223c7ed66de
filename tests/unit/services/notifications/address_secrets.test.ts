import assert from "node:assert/strict";
import { Secret } from "../../../../lib/util/secret.ts";
import { addressSecrets, redacted } from "../../../../services/notifications/address_secrets.ts";
import { channelSender } from "../../../../services/notifications/channel_sender.ts";
import { Heartbeat } from "../../../../services/notifications/heartbeat.ts";
import { toMessage } from "../../../../services/notifications/message.ts";
import { happenedEvent } from "../../../../services/notifications/notification_event.ts";
import { collectLogs } from "../../../support/collect_logs.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { Receiver } from "../../../support/servers/receiver.ts";
import { until } from "../../../support/until.ts";

Deno.test("redacted() hides every part of an address that may be a secret, in each form", () => {
  const address = "HTTPS://user:pa%24%24word@Example.org:443/hooks/0123456789abcdef?to=me&token=S3+CRET";
  const hide = (text: string) => redacted(text, addressSecrets(address));
  const { href, pathname, search } = new URL(address);
  for (
    const secret of [
      address,
      href,
      pathname + search,
      pathname,
      search,
      "S3 CRET",
      "pa%24%24word",
      "pa$$word",
      "0123456789abcdef",
      btoa("pa$$word"),
    ]
  ) {
    assert.equal(hide(`it says <${secret}>`), "it says <***>", secret);
  }
  assert.equal(hide("it answers me 404 / at example.org"), "it answers me 404 / at example.org");
  assert.equal(redacted("gone: /", addressSecrets("https://example.org/")), "gone: /");
});

Deno.test("a receiver that repeats a token shows no part of it, also where its answer is cut", async () => {
  await using receiver = Receiver.open();
  const event = await happenedEvent(
    { kind: "bot.oom", severity: "info", title: "", text: "", identity: "" },
    { instance: "test", now: 0, suffix: "00" },
  );
  const send = channelSender({ secrets: { resolve: () => Promise.reject(new Error("none")) }, folder: "/" });
  const url = `${receiver.url}?token=S3CRET-TOKEN`;
  for (const before of [0, 190]) {
    receiver.answer = () => new Response(`${"x".repeat(before)} S3CRET-TOKEN is unknown`, { status: 404 });
    const channel = { name: "hook", type: "webhook", url, events: undefined, bots: undefined } as const;
    const sent = await send(toMessage([event]), channel, new AbortController().signal);
    assert.ok(!sent.isDelivered && !sent.problem.includes("S3CR"), JSON.stringify(sent));
  }
});

Deno.test("a heartbeat that is not received shows no part of its address", async () => {
  using logs = collectLogs();
  const clock = new FakeClock();
  const stop = new AbortController();
  const url = new Secret("http://LOCALHOST:1?token=S3CRET-TOKEN");
  const beating = new Heartbeat({ url, isServing: () => true, clock }).run(stop.signal);
  await until("the problem", () => logs.records.length > 0);
  stop.abort();
  await beating;
  assert.doesNotMatch(JSON.stringify(logs.records), /S3CRET/);
});
