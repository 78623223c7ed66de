import assert from "node:assert/strict";
import {
  discordRequest,
  slackRequest,
  telegramRequest,
} from "../../../../services/notifications/chat_requests.ts";
import { toMessage } from "../../../../services/notifications/message.ts";
import { openedEvent, testEvent } from "../../../../services/notifications/notification_event.ts";
import { appriseRequest, ntfyRequest } from "../../../../services/notifications/push_requests.ts";

const HOSTILE =
  "<!channel> @everyone [x](http://evil) <script>alert(1)</script> \x1b[31mred\x1b[0m *b* \u202e";
const message = toMessage([
  openedEvent({
    kind: "bot.crash_loop",
    bot: "one",
    severity: "critical",
    title: "it crashes again and again",
    text: `${HOSTILE}\n${"x".repeat(5000)}`,
  }, { instance: "test", now: 0, suffix: "00" }),
]);
const now = new Date(0);
const bodyOf = ({ body }: { readonly body: string }) => JSON.parse(body);

Deno.test("no escape sequence or control character reaches a receiver", () => {
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(`${message.title}${message.text}`.replaceAll("\n", ""), /[\x00-\x1f\x7f]/);
});

Deno.test("slackRequest() sends plain text, and no markup in what a phone shows", () => {
  const { text, blocks } = bodyOf(slackRequest(message, { url: "https://slack" }, now));
  assert.equal(text, "🔴 one: it crashes again and again");
  assert.deepEqual(blocks.map((block: { text: { type: string } }) => block.text.type), [
    "plain_text",
    "plain_text",
  ]);
  assert.ok(blocks.every((block: { text: { text: string } }) => block.text.text.length <= 3000));
  const hostile = toMessage([{ ...message.events[0]!, title: HOSTILE }]);
  assert.ok(!bodyOf(slackRequest(hostile, { url: "" }, now)).text.includes("<!channel>"));
});

Deno.test("discordRequest() mentions nobody, and escapes markup", () => {
  const { embeds: [embed], allowed_mentions } = bodyOf(
    discordRequest(message, { url: "https://discord" }, now),
  );
  assert.deepEqual(allowed_mentions, { parse: [] });
  assert.match(embed.description, /\\\[x\\\]\\\(http/);
  assert.ok(embed.description.length <= 4096);
});

Deno.test("telegramRequest() sends text without a parse mode to a chat", () => {
  const values = { url: "https://api.telegram.org/", token: "1:a", chatId: "-100", threadId: 7 };
  const request = telegramRequest(message, values, now);
  assert.equal(request.url, "https://api.telegram.org/bot1:a/sendMessage");
  const body = bodyOf(request);
  assert.equal(body.chat_id, "-100");
  assert.equal(body.message_thread_id, 7);
  assert.equal(body.parse_mode, undefined);
  assert.ok(body.text.length <= 4096);
});

Deno.test("ntfyRequest() and appriseRequest() carry urgency, topic and token", () => {
  const ntfy = ntfyRequest(message, { url: "https://ntfy.sh", topic: "ops", token: "tk" }, now);
  assert.deepEqual(ntfy.headers, { authorization: "Bearer tk" });
  const body = bodyOf(ntfy);
  assert.equal(body.topic, "ops");
  assert.equal(body.priority, 5);
  assert.deepEqual(body.tags, ["rotating_light"]);
  const info = toMessage([testEvent("me", { instance: "test", now: 0, suffix: "00" })]);
  assert.deepEqual(bodyOf(ntfyRequest(info, { url: "", topic: "ops" }, now)).tags, ["information_source"]);
  assert.ok(new TextEncoder().encode(body.message).length <= 4096);
  assert.equal(bodyOf(appriseRequest(message, { url: "http://apprise/notify/k" }, now)).type, "failure");
});
