/** Documents that another program wrote, and bots, whose names, versions, mistakes and lines have a million characters. */

import assert from "node:assert/strict";
import { writeBot } from "../support/fixtures/cli_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { connectSqlite } from "../../services/sqlite/connect_sqlite.ts";
import { until } from "../support/until.ts";

const LONG = "m".repeat(1_000_000);
const MANY = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`setting${at}`, 1]));

/** Prints what no list can hold, and ends with it. */
const MAIN = `import json
def main(id, config):
    long = 'x' * 1000000
    print(long)
    print(json.dumps({"_metric": long, "value": 1}))
    print(json.dumps({"_metric": "equity", long: 2, "value": 3}))
    print(json.dumps({"_metric": long[:300], "value": 1}))
    print(json.dumps({"_metric": "equity", long[:300]: 2, "value": 3}), flush=True)
    raise RuntimeError(long)
`;

/** Changes to a valid document, by id. */
const DOCUMENTS: Readonly<Record<string, (document: Stored) => void>> = {
  version: ({ custom }) => custom.version = LONG,
  name: ({ custom }) => custom.config.name = LONG,
  path: ({ custom }) => custom.filePath = LONG,
  runtime: ({ custom }) => custom.config.runtime = LONG,
  label: ({ config }) => config.berth = { labels: { team: LONG, [LONG]: "a" } },
  settings: ({ config }) => config.berth = { [LONG]: 1, ...MANY },
  guards: ({ config }) =>
    config.berth = { guards: Array.from({ length: 20_000 }, () => ({ name: LONG.slice(0, 20) })) },
  config: ({ config }) => config.text = LONG,
};
const INVALID: readonly string[] = ["path", "runtime", "guards", "config"];
// deno-lint-ignore no-explicit-any -- a document of any form
type Stored = any;

Deno.test("documents and lines of a million characters cost others nothing, and are named in short", async () => {
  await using service = await ServiceFixture.open({
    engine: true,
    env: { LOG_INTERVAL: "1", METRICS_ALLOW: "equity" },
  });
  const { client } = service;
  const folder = await writeBot(`${service.temp}/bot`, { "main.py": MAIN });
  const { code, output } = await service.berth("deploy", folder, "--id", "loud", "--no-wait");
  assert.equal(code, 0, output);
  await until("it has ended", async () => {
    const { bots } = await client.call("getOverview", {});
    return bots.find(({ id }) => id === "loud")!.state === "backing-off";
  });
  const readMetrics = () => client.call("getMetrics", { params: { id: "loud" }, query: {} });
  await until("its lines are stored", async () => Object.keys((await readMetrics()).counts).length > 0);
  const metrics = await readMetrics();
  assert.deepEqual(Object.keys(metrics.counts), ["equity"]);
  await service.berth("disable", "loud");
  {
    using database = connectSqlite(`${service.config.runner.dataDir}/berth.sqlite`);
    const row = database.prepare("SELECT document FROM bots WHERE id = 'loud'").get();
    for (const table of ["bots", "bot_schedules"]) {
      const insert = database.prepare(`INSERT INTO ${table} (id, document) VALUES (?, ?)`);
      for (const [id, change] of [...Object.entries(DOCUMENTS), [LONG, () => {}] as const]) {
        const document: Stored = JSON.parse(row!.document as string);
        document.config.schedule = "@daily";
        // The others would run.
        document.enabled = INVALID.includes(id);
        change(document);
        insert.run(id, JSON.stringify({ ...document, id }));
      }
    }
  }
  const count = Object.keys(DOCUMENTS).length + 2;
  await until("all are looked at", async () => {
    const { bots } = await client.call("getOverview", {});
    return bots.length === count &&
      bots.every(({ id, state }) =>
        state === (INVALID.includes(id) || id.startsWith("mmm") ? "invalid" : "disabled")
      );
  });

  // An answer that a page asks for again and again stays small.
  const { bots } = await client.call("getOverview", {});
  const { schedules } = await client.call("listSchedules", { query: {} });
  const long = bots.find(({ id }) => id.startsWith("mmm"))!;
  assert.ok(long.id.length < 150, long.id);
  assert.match(
    long.condition,
    /its id must begin with a letter or digit and have at most 128 .*\(it has 1000000\)/,
  );
  assert.ok(schedules.some(({ id }) => id === long.id));
  const notes = bots.find(({ id }) => id === "settings")!.notes!;
  assert.match(notes.at(-1)!, /^and \d+ more notes like these$/);
  const loud = await client.call("getBot", { params: { id: "loud" } });
  assert.match(loud.exits[0]!.lastLines.at(-1)!, /^RuntimeError: x+…$/);
  const answers = {
    overview: bots,
    bots: (await client.call("listBots", { query: {} })).bots,
    schedules,
    loud,
    metrics,
    notifications: await client.call("getNotifications", {}),
    history: await client.call("getMetricRange", { params: { id: "loud" }, query: {} }),
  };
  for (const [name, answer] of Object.entries(answers)) {
    assert.ok(JSON.stringify(answer).length < 60_000, `${name}: ${JSON.stringify(answer).length} characters`);
  }
  for (
    const args of [["ps"], ["ps", "--wide"], ["schedules"], ["describe", "loud"], ["describe", "settings"]]
  ) {
    const { output } = await service.berth(...args);
    assert.ok(output.length < 60_000, `berth ${args.join(" ")}: ${output.length} characters`);
  }
  const http = Deno.createHttpClient({ proxy: { transport: "unix", path: service.socket } });
  const scraped = await (await fetch("http://berth/metrics", { client: http })).text();
  http.close();
  assert.ok(scraped.length < 60_000, `${scraped.length} characters`);
});
