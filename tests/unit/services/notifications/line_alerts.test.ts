import assert from "node:assert/strict";
import { checkAlert } from "../../../../services/notifications/channel_schema.ts";
import type { Happening } from "../../../../services/notifications/incidents.ts";
import { LineAlerts } from "../../../../services/notifications/line_alerts.ts";
import { NO_CHANNELS } from "../../../../services/notifications/channels_file.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";
import { until } from "../../../support/until.ts";

/** Alerts, and what they tell. */
class Alerting implements Disposable {
  readonly clock = new FakeClock();
  readonly told: Happening[] = [];
  readonly alerts: LineAlerts;

  constructor(rules: readonly Record<string, unknown>[], labels: Record<string, string> = {}) {
    const alerts = rules.map((rule, n) => {
      const checked = checkAlert({ name: `rule-${n}`, ...rule });
      assert.ok("value" in checked, JSON.stringify(checked));
      return checked.value;
    });
    this.alerts = new LineAlerts({
      file: { known: { ...NO_CHANNELS, alerts, isKnown: true } },
      incidents: { notify: (happening) => Promise.resolve(void this.told.push(happening)) },
      labelsOf: () => Promise.resolve(labels),
      clock: this.clock,
    });
  }

  /** Stores lines. @param lines Pairs of stream and text. */
  readonly store = async (lines: readonly (readonly [string, string])[], bot = "one"): Promise<void> => {
    const text = lines.map(([stream, message], n) => {
      const timestamp = `2026-01-31T12:00:${String(n % 60).padStart(2, "0")}Z`;
      return `${JSON.stringify({ timestamp, stream, message })}\n`;
    }).join("");
    const bytes = new TextEncoder().encode(text) as Uint8Array<ArrayBuffer>;
    await this.alerts.beforeStored({ id: bot, containerId: "c1" }, bytes);
    // The stored bytes are overwritten.
    bytes.fill(0);
  };

  [Symbol.dispose](): void {
    this.alerts[Symbol.dispose]();
  }
}

Deno.test("an alert finds its first line in a piece, by stream and pattern, and counts the others", async () => {
  using alerting = new Alerting([{ pattern: "margin (call|warning)", stream: "stderr" }]);
  await alerting.store([
    ["stdout", "margin call"],
    ["stderr", "no margin"],
    ["stderr", "margin warning: 3 %"],
    ["stderr", "margin call"],
    ["berth", "margin call"],
  ]);
  const [{ text, bot, at }] = alerting.told as [Happening];
  assert.equal(text, "margin warning: 3 %\n1 more lines match.\nPattern: margin (call|warning)");
  assert.equal(bot, "one");
  assert.equal(at!.toISOString(), "2026-01-31T12:00:02.000Z");
});

Deno.test("an alert waits for its cool-down, bot by bot", async () => {
  using alerting = new Alerting([{ pattern: "call", cooldown_seconds: 10 }]);
  for (const bot of ["one", "one", "two"]) await alerting.store([["stdout", "call"]], bot);
  assert.deepEqual(alerting.told.map(({ bot }) => bot), ["one", "two"]);
  await alerting.clock.advance(10_000);
  await alerting.store([["stdout", "call"]]);
  assert.equal(alerting.told.length, 3);
});

Deno.test("an alert is of the bots that it names, by id or by label", async () => {
  using alerting = new Alerting([{ pattern: "x", bots: ["grid-*", "team=desk"] }], { team: "other" });
  await alerting.store([["stdout", "x"]], "one");
  await alerting.store([["stdout", "x"]], "grid-1");
  assert.deepEqual(alerting.told.map(({ bot }) => bot), ["grid-1"]);
});

Deno.test("without an alert nothing waits", () => {
  using alerting = new Alerting([]);
  assert.equal(alerting.alerts.beforeStored({ id: "one", containerId: "c" }, new Uint8Array()), undefined);
});

Deno.test("a long search leaves the service to others", async () => {
  // As slow as an expression may be: nearly the largest program, and lines that almost match.
  using alerting = new Alerting([{ pattern: "(a?){150}[xc]$" }]);
  const lines = Array.from({ length: 16 }, () => ["stdout", "a".repeat(1_000_000)] as const);
  let turns = 0;
  let isDone = false;
  const storing = alerting.store([...lines, ["stdout", "abc"]]).then(() => isDone = true);
  await until("the search", () => {
    turns++;
    return isDone;
  });
  await storing;
  assert.ok(turns > 5, `${turns} turns of others`);
  assert.equal(alerting.told.length, 1);
});

Deno.test("lost lines are told with their number, and not again within the cool-down", async () => {
  using alerting = new Alerting([]);
  const gap = { time: "2026-01-31T12:00:00Z", text: "7 lines printed between … are lost" };
  alerting.alerts.lost({ id: "one", containerId: "c1" }, gap);
  alerting.alerts.lost({ id: "one", containerId: "c1" }, { ...gap, time: "2026-01-31T12:01:00Z" });
  await settle();
  assert.deepEqual(alerting.told.map(({ kind, text }) => `${kind} ${text}`), [`logs.lost ${gap.text}`]);
});
