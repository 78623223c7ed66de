import assert from "node:assert/strict";
import { matchesBot, takesEvent } from "../../../../services/notifications/channel_route.ts";
import { parseChannels } from "../../../../services/notifications/parse_channels.ts";

Deno.test("parseChannels() keeps the entries without a mistake, and says of each mistake where it is", () => {
  const list = parseChannels(`channels:
  - name: good
    type: ntfy
    topic: alerts
  - name: no-scheme
    type: slack
    url: hooks.slack.com/services/secret
  - name: good
    type: discord
    url: https://discord.com/api/webhooks/1/x
  - name: mail
    type: email
    host: mail.example.org
    from: Berth <berth@example.org>
    to: [me@example.org]
  - type: pager
  - name: hook
    type: webhook
    url: https://example.org/
    secret: hunter22
    evnts: [bot.*]
    events: [bot.crashed]
alerts:
  - { name: look-ahead, pattern: "(?=x)" }
  - { name: fine, pattern: "margin", channels: [good, nobody] }
chanels: []
`);
  assert.deepEqual(list.channels?.map(({ name }) => name), ["good"]);
  assert.ok(list.channels && "alerts" in list);
  assert.deepEqual(list.alerts.map(({ name }) => name), ["fine"]);
  const at = list.problems.map((problem) => problem.split(":").slice(0, 2).join(":"));
  assert.deepEqual(at.sort(), [
    "line 14: channels[3].from",
    "line 16: channels[4].type",
    "line 17: channels[5]",
    "line 20: channels[5].secret",
    "line 22: channels[5].events[0]",
    "line 24: alerts[0].pattern",
    "line 25: alerts[1].channels",
    "line 26: chanels",
    "line 7: channels[1].url",
    "line 8: channels[2].name",
  ]);
  assert.ok(!list.problems.join().includes("hunter22"));
  assert.ok(!list.problems.join().includes("services/secret"));
});

for (
  const [what, text, problem] of [
    ["no YAML", "channels:\n- {name: x\n", /line \d/],
    ["a list", "- name: x\n", /must be a map with 'channels'/],
    [
      "aliases without end",
      `a: &a [x,x,x,x,x,x,x,x,x,x]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]
channels: [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]
`,
      /repeats parts of itself/,
    ],
  ] as const
) {
  Deno.test(`parseChannels() refuses ${what} as a whole`, () => {
    const list = parseChannels(text);
    assert.equal(list.channels, undefined);
    assert.match(list.problems.join("\n"), problem);
  });
}

Deno.test("parseChannels() takes an empty file as one without channels", () => {
  assert.deepEqual(parseChannels("# nothing yet\n"), { channels: [], alerts: [], problems: [] });
});

Deno.test("takesEvent() routes by kind, by id and by label", () => {
  const event = { kind: "bot.oom", bot: "grid-1" } as const;
  const told = (route: { events?: string[]; bots?: string[] }, labels = {}) =>
    takesEvent({ name: "ops", events: route.events, bots: route.bots }, event, labels);
  assert.ok(told({}));
  assert.ok(told({ events: ["run.*", "bot.*"], bots: ["grid-*"] }));
  assert.ok(!told({ events: ["run.*"] }));
  assert.ok(!told({ bots: ["grid"] }));
  assert.ok(told({ bots: ["team=desk-*"] }, { team: "desk-2" }));
  assert.ok(!told({ bots: ["team=desk-*"] }));
  assert.ok(!takesEvent({ name: "ops", events: undefined, bots: ["*"] }, { kind: "disk.low" }, {}));
  assert.ok(
    !takesEvent({ name: "ops", events: undefined, bots: undefined }, { ...event, channels: ["other"] }, {}),
  );
  assert.ok(matchesBot(["a*b*c"], "aXbYbc", {}) && !matchesBot(["ab*ba"], "aba", {}));
});
