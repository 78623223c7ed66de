import assert from "node:assert/strict";
import { MongoClient } from "mongodb";
import { MongoRunRepository } from "../../services/mongo/mongo_run_repository.ts";
import type { RunRecord } from "../../services/schedules/run_repository.ts";
import { BotFixture } from "../support/fixtures/bot_fixture.ts";
import { until, untilSteady } from "../support/until.ts";

const CODE = "def main(id, config):\n    print('report', flush=True)\n    return config.get('mark')\n";

Deno.test("berth start runs schedules beside bots as events say, under its own permissions, and keeps result and log", async () => {
  await using fixture = await BotFixture.open();
  const { start, document, publish, id, code, containers } = fixture;
  await code.put("schedule/1", { "main.py": CODE });
  const client = new MongoClient(fixture.env.MONGO_URI!);
  const runs = new MongoRunRepository(client);
  try {
    await using berth = start({ SERVICES: "bots,schedules", CHECK_INTERVAL: "1", LOG_INTERVAL: "1" });
    await berth.logged(/service started/);
    const bot = document("bot");
    await publish("created", bot);
    const schedule = {
      ...document("report", { schedule: "*/2 * * * * *", mark: 1 }),
      custom: { ...bot.custom, filePath: "schedule/1", version: "3" },
    };
    await publish("created", schedule, "bot-schedule");
    let done: RunRecord[] = [];
    await until("two runs", async () => {
      done = (await runs.list(id("report"))).filter(({ state }) => state === "succeeded");
      return done.length >= 2;
    }, 60_000);
    const [{ result, version, log, exitCode }] = done as [RunRecord];
    assert.deepEqual([version, exitCode], ["3", 0]);
    assert.match(result!, new RegExp(`^${id("report")}/runs/\\d+\\.json$`));
    assert.equal(log, `logs/${id("report")}/`);

    await publish("deleted", { id: id("report") }, "bot-schedule");
    await until("its containers are gone and the bot runs", async () => {
      const found = await containers();
      return found.length === 1 && found[0]!.bot === id("bot") && found[0]!.running;
    });
    // Longer than one slot: the one that was due while the event was on its way is the last.
    await untilSteady("its runs", async () => (await runs.list(id("report"), { limit: 1000 })).length, 3000);
    assert.deepEqual(await runs.listOpen({ scheduleId: id("report") }), []);
    await publish("deleted", { id: id("bot") });
    await until("the bot is gone", async () => (await containers()).length === 0);
  } finally {
    await client.close();
  }
});
