/**
 * Messages for Slack, Discord and Telegram, by their documents: each form, its limits, and their answers to too many.
 */

import assert from "node:assert/strict";
import {
  discordRequest,
  slackRequest,
  telegramRequest,
} from "../../../../services/notifications/chat_requests.ts";
import { toMessage } from "../../../../services/notifications/message.ts";
import { openedEvent } from "../../../../services/notifications/notification_event.ts";
import { NotificationsFixture } from "../../../support/fixtures/notifications_fixture.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import type { ReceivedRequest } from "../../../support/servers/receiver.ts";
import { until } from "../../../support/until.ts";

const NOW = new Date(0);
const VALUES = { url: "https://chat.example.org", token: "1:a", chatId: "-100123", threadId: 7 };
const FORMS = { slack: slackRequest, discord: discordRequest, telegram: telegramRequest } as const;

function messageOf(title: string, text: string) {
  return toMessage([openedEvent({
    kind: "bot.crash_loop",
    bot: "grid",
    severity: "critical",
    title,
    text,
  }, { instance: "test", now: 0, suffix: "00" })]);
}

function bodyOf(form: keyof typeof FORMS, title: string, text: string) {
  return JSON.parse(FORMS[form](messageOf(title, text), VALUES, NOW).body);
}

Deno.test("each chat gets exactly the body of its document", () => {
  const [title, text] = ["it crashes", "exit code 1 & <b>"];
  assert.deepEqual(bodyOf("slack", title, text), {
    text: "🔴 grid: it crashes",
    blocks: [
      { type: "section", text: { type: "plain_text", text: "🔴 grid: it crashes", emoji: false } },
      { type: "section", text: { type: "plain_text", text: "exit code 1 & <b>", emoji: false } },
    ],
  });
  assert.deepEqual(bodyOf("discord", title, text), {
    embeds: [{
      title: "grid: it crashes",
      description: "exit code 1 & \\<b\\>",
      color: 0xd03b3b,
      timestamp: "1970-01-01T00:00:00.000Z",
    }],
    allowed_mentions: { parse: [] },
  });
  assert.deepEqual(bodyOf("telegram", title, text), {
    chat_id: "-100123",
    message_thread_id: 7,
    text: "🔴 grid: it crashes\nexit code 1 & <b>",
    entities: [{ type: "pre", offset: 20, length: 17 }],
    link_preview_options: { is_disabled: true },
  });
});

Deno.test("no chat gets more than it takes, half a character, markup or a mention", () => {
  const texts = ["x", "*", "😀", "<!channel> @everyone *b* [x](http://evil) & "].map((part) =>
    part.repeat(5000)
  );
  for (const long of [...texts, "\ud83d half"]) {
    const slack = bodyOf("slack", long, long);
    for (const { text: { text } } of slack.blocks) assert.ok(text.length <= 3000 && text.isWellFormed());
    assert.doesNotMatch(slack.text, /[<>]|&(?!amp;|lt;|gt;)/);
    const { embeds: [{ title, description }], allowed_mentions } = bodyOf("discord", long, long);
    assert.ok(title.length <= 256 && description.length <= 4096 && title.length + description.length <= 6000);
    assert.ok(title.isWellFormed() && description.isWellFormed());
    assert.doesNotMatch(description.replace(/\\./g, ""), /[*_~`|>#[\]()<@]/, "all of it is escaped");
    assert.deepEqual(allowed_mentions, { parse: [] });
    const { text, entities: [pre], parse_mode } = bodyOf("telegram", long, long);
    assert.ok(text.length >= 1 && text.length <= 4096 && text.isWellFormed());
    assert.equal(parse_mode, undefined);
    assert.equal(pre.offset + pre.length, text.length, "nothing after the title becomes a mention or a link");
  }
});

/** The answer of each to too many messages. */
const TOO_MANY = {
  slack: () => new Response("rate_limited", { status: 429, headers: { "retry-after": "30" } }),
  discord: () =>
    Response.json({ message: "You are being rate limited.", retry_after: 30.0, global: false }, {
      status: 429,
      headers: { "retry-after": "30", "x-ratelimit-scope": "user" },
    }),
  telegram: () =>
    Response.json({
      ok: false,
      error_code: 429,
      description: "Too Many Requests: retry after 30",
      parameters: { retry_after: 30 },
    }, { status: 429 }),
} as const;
const TAKEN = {
  slack: () => new Response("ok"),
  discord: () => new Response(null, { status: 204 }),
  telegram: () => Response.json({ ok: true, result: {} }),
} as const;

for (const type of ["slack", "discord", "telegram"] as const) {
  Deno.test(`${type} is left alone for as long as it asks, and then gets the message once`, async () => {
    await using fixture = await NotificationsFixture.open();
    const clock = new FakeClock(Date.parse("2026-01-01T00:00:00Z"));
    const seen: ReceivedRequest[] = [];
    const times: number[] = [];
    fixture.receiver.answer = (request) => {
      times.push(clock.now());
      return seen.push(request) === 1 ? TOO_MANY[type]() : TAKEN[type]();
    };
    await Deno.mkdir(`${fixture.folder}/secrets`);
    await Deno.writeTextFile(`${fixture.folder}/secrets/token`, "123:abc", { mode: 0o600 });
    const more = type === "telegram" ? ", token: 'file:token', chat_id: 5" : "";
    await fixture.write(`channels: [{ name: chat, type: ${type}, url: 'URL'${more} }]\n`);
    await using process = await fixture.start({ clock });
    process.incidents.open({ kind: "disk.low", severity: "critical", title: "full", text: "" });
    const { deliverer, outbox } = process.notifications;
    await until("its answer", () => deliverer.problemOf("chat") !== undefined);
    assert.match(deliverer.problemOf("chat")!, /answers 429/);
    await until("the wait", () => outbox.waitingFor("chat")[0]?.attempts === 1);
    await until("it is taken", async () => {
      await clock.advance(200);
      return outbox.size === 0;
    });
    assert.equal(seen.length, 2);
    assert.ok(times[1]! - times[0]! >= 30_000, `after ${times[1]! - times[0]!} ms`);
    assert.equal(seen[0]!.body, seen[1]!.body);
    assert.equal(seen[1]!.headers.get("content-type"), "application/json");
    if (type === "telegram") assert.match(seen[1]!.path, /\/bot123:abc\/sendMessage$/);
  });
}
