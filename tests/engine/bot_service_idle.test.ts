import assert from "node:assert/strict";
import { untilRunning, withBots } from "./bot_stage.ts";
import { noteRequests } from "./engine_requests.ts";
import { until } from "./engine_support.ts";
import { fullOrShort } from "./full_or_short.ts";

const BOTS = fullOrShort(50, 10);
const CYCLES = fullOrShort(20, 5);

Deno.test("BotService only lists while nothing changes: once in each interval", () =>
  withBots(async (stage) => {
    const { document, write, start, passages, id } = stage;
    const names = Array.from({ length: BOTS }, (_, index) => `bot-${index}`);
    for (const name of names) await write(document(name));
    await using berth = start({ RECONCILE_INTERVAL: "1" });
    await untilRunning(stage, Object.fromEntries(names.map((name) => [name, {}])));
    // What has begun before is over with the second list.
    const before = noteRequests(passages.engine);
    await until("two lists", () => before.filter(({ path }) => path === "/containers/json").length >= 2);
    const requests = noteRequests(passages.engine);
    const begin = performance.now();
    await until(`${CYCLES} lists`, () => requests.length >= CYCLES, 60_000);
    const intervals = (performance.now() - begin) / 1000;
    assert.deepEqual([...new Set(requests.map(({ method, path }) => `${method} ${path}`))], [
      "GET /containers/json",
    ]);
    assert.ok(requests.length <= intervals + 2, `${requests.length} lists in ${intervals} intervals`);
    assert.equal(berth.lines.filter((line) => line.includes("bot started")).length, BOTS);
    assert.ok(!berth.lines.some((line) => line.includes(`bot stopping id=${id("")}`)));
  }));
