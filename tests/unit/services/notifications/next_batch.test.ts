import assert from "node:assert/strict";
import { toMessage } from "../../../../services/notifications/message.ts";
import {
  nextBatch,
  paceOf,
  type SentMessage,
  subjectOf,
} from "../../../../services/notifications/next_batch.ts";
import type { NotificationEvent } from "../../../../services/notifications/notification_event.ts";
import type { Delivery } from "../../../../services/notifications/outbox.ts";

const PEOPLE = paceOf({ type: "slack", name: "ops", events: undefined, bots: undefined });

function event(n: number, more: Partial<NotificationEvent> = {}): NotificationEvent {
  const time = new Date(n).toISOString();
  const id = `e${String(n).padStart(6, "0")}`;
  const title = `bot-${n}: it crashes`;
  return {
    id,
    time,
    kind: "bot.crash_loop",
    state: "opened",
    severity: "critical",
    bot: `bot-${n}`,
    instance: "test",
    title,
    text: "",
    ...more,
  };
}

function waiting(events: readonly NotificationEvent[]): Delivery[] {
  return events.map((event) => ({
    id: `${event.id}/ops`,
    event,
    channel: "ops",
    attempts: 0,
    createdAt: 0,
    dueAt: 0,
  }));
}

/** Sends all until nothing waits. @returns The messages, each with its time in s and its number of events. */
function sendAll(events: readonly NotificationEvent[], pace = PEOPLE): [seconds: number, events: number][] {
  let left = waiting(events);
  let sent: SentMessage[] = [];
  const messages: [number, number][] = [];
  for (let now = 1_000_000; left.length > 0;) {
    sent = sent.filter(({ at }) => at > now - Math.max(pace.cooldownMs, 60_000));
    const next = nextBatch(left, sent, pace, now);
    if ("waitMs" in next) {
      assert.ok(next.waitMs > 0 && Number.isFinite(next.waitMs));
      now += next.waitMs;
      continue;
    }
    messages.push([(now - 1_000_000) / 1000, next.batch.length]);
    sent.push({ at: now, subjects: next.batch.map(({ event }) => subjectOf(event)) });
    left = left.filter((one) => !next.batch.includes(one));
  }
  return messages;
}

Deno.test("a few events come one by one, many at once as digests, and none is left out", () => {
  const events = (count: number) => Array.from({ length: count }, (_, n) => event(n));
  assert.deepEqual(sendAll(events(3)), [[0, 1], [0, 1], [0, 1]]);
  assert.deepEqual(sendAll(events(200)), [[0, 200]]);
  assert.deepEqual(sendAll(events(7000)).map(([, count]) => count), Array(7).fill(1000));
  assert.deepEqual(sendAll(events(7000)).map(([seconds]) => seconds), [0, 0, 0, 0, 0, 60, 60]);
});

Deno.test("a bot that comes and goes is told of twice within the cool-down", () => {
  const flapping = Array.from(
    { length: 4 },
    (_, n) => event(n, { bot: "flap", state: n % 2 === 0 ? "opened" : "recovered" }),
  );
  assert.deepEqual(sendAll(flapping).map(([seconds]) => seconds), [0, 0, 300, 300]);
  assert.deepEqual(sendAll([...flapping, event(9)]).slice(0, 3), [[0, 1], [0, 1], [0, 1]]);
});

Deno.test("a program gets each event by itself, at once", () => {
  const pace = paceOf({ type: "webhook", name: "hook", events: undefined, bots: undefined });
  const same = Array.from({ length: 50 }, (_, n) => event(n, { bot: "one" }));
  assert.deepEqual(sendAll(same, pace), Array(50).fill([0, 1]));
});

Deno.test("toMessage() tells each event of a digest in a line, and is as urgent as the most urgent", () => {
  const message = toMessage([
    event(1),
    event(2, { severity: "info", state: "recovered", title: "bot-2: fine" }),
  ]);
  assert.equal(message.title, "2 notifications of 2 bots");
  assert.equal(message.text, "00:00:00 bot-1: it crashes\n00:00:00 bot-2: fine");
  assert.equal(message.severity, "critical");
  assert.equal(message.isGood, false);
});

Deno.test("toMessage() shows the most urgent of many events, and how many more there are", () => {
  const message = toMessage(
    Array.from({ length: 50 }, (_, n) => event(n * 1000, { severity: n < 45 ? "info" : "critical" })),
  );
  const lines = message.text.split("\n");
  assert.equal(message.title, "50 notifications of 50 bots");
  assert.equal(lines.length, 21);
  assert.equal(lines[0], "00:00:45 bot-45000: it crashes");
  assert.equal(lines[5], "00:00:00 bot-0: it crashes");
  assert.equal(lines[20], "… and 30 more");
});
