import assert from "node:assert/strict";
import { ApiFixture } from "../../../support/fixtures/api_fixture.ts";

const CODE = {
  version: "1.0.0",
  filePath: "one/1.0.0",
  config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
};

Deno.test("the API shows the sessions of bots, and those of all calendars in use", async () => {
  await using fixture = await ApiFixture.open();
  const { local } = fixture;
  const put = async (path: string, config: unknown, enabled = true) => {
    const response = await local(path, {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ enabled, config, custom: CODE }),
    });
    assert.equal(response.status, 201, await response.text());
  };
  const session = { calendar: "XNYS", start: "-10m", end: "+5m" };
  await put("/api/bots/one", { berth: { session, health: { max_silence_seconds: 30, command: "true" } } });
  await put("/api/bots/off", { berth: { session: { calendar: "XTKS" } } }, false);
  await put("/api/schedules/two", { schedule: "@close XLON-5m" });
  await put("/api/schedules/three", { schedule: "0 8 * * *", berth: { calendar: "XNYS" } });

  const bot = await (await local("/api/bots/one")).json();
  assert.deepEqual([bot.session.calendar, bot.session.startSeconds, bot.session.endSeconds], [
    "XNYS",
    -600,
    300,
  ]);
  assert.equal(bot.session.changes.length, 6);
  assert.notEqual(bot.session.changes[0].to, bot.session.state);
  assert.deepEqual([bot.health.maxSilenceSeconds, bot.health.command.at(-1)], [30, "true"]);

  const { calendars } = await (await local("/api/trading-sessions?days=10")).json();
  assert.deepEqual(
    // deno-lint-ignore no-explicit-any -- an answer
    calendars.map(({ name, timezone, bots, schedules }: any) => [name, timezone, bots, schedules]),
    [
      ["XLON", "Europe/London", [], ["two"]],
      ["XNYS", "America/New_York", ["one"], ["three"]],
    ],
  );
  for (const { sessions } of calendars) {
    assert.ok(sessions.length >= 4 && sessions.length <= 9, `${sessions.length} sessions`);
    assert.match(sessions[0].parts[0].open, /^\d{4}-\d\d-\d\dT\d\d:[03]0:00\.000Z$/);
  }
});
