/**
 * How long a list of many bots takes by the API, on the embedded database and on MONGO_URI, beside a read of all
 * documents: `deno run -A tests/bench/list_bench.ts [BOTS]`. Its bots are disabled, and removed at the end.
 *
 * @module
 */

import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { until } from "../support/until.ts";
import { median } from "../support/measures.ts";

const [count = 500] = Deno.args.map(Number);
const ROUNDS = 15;
const WANTED_MS = 50;

await measure("SQLite", {});
const names = [
  "MONGO_URI",
  "NATS_URL",
  "MINIO_ENDPOINT",
  "MINIO_ACCESS_KEY",
  "MINIO_SECRET_KEY",
  "MINIO_SSL",
];
const given = names.flatMap((name) => {
  const value = Deno.env.get(name);
  return value === undefined ? [] : [[name, value]];
});
const servers = Object.fromEntries([...given, ...(Deno.env.has("NATS_URL") ? [] : [["SERVICES", "bots"]])]);
if (Deno.env.has("MONGO_URI")) await measure("MongoDB", servers);

async function measure(name: string, env: Readonly<Record<string, string>>): Promise<void> {
  await using service = await ServiceFixture.open({ engine: true, env });
  const { client, composed: { stores: { bots } } } = service;
  const prefix = `list-${crypto.randomUUID().slice(0, 8)}`;
  const ids = Array.from({ length: count }, (_, at) => `${prefix}-${String(at).padStart(4, "0")}`);
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(async () => {
    for (const id of ids) await client.call("deleteBot", { params: { id } });
  });
  for (const id of ids) {
    const custom = {
      version: "1.0.0",
      filePath: "bot/1",
      config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
    };
    const berth = { labels: { team: "one" }, memory_mb: 256 };
    await client.call("putBot", {
      params: { id },
      body: { enabled: false, config: { symbol: id, berth }, custom },
    });
  }
  await until("all bots are known", async () => {
    const { bots: listed } = await client.call("listBots", { query: { limit: 1000 } });
    return listed.filter(({ id, state }) => id.startsWith(prefix) && state === "disabled").length === count;
  });
  const read = await timed(() => bots.list());
  const list = await timed(() => client.call("listBots", { query: { limit: 1000 } }));
  const overview = await timed(() => client.call("getOverview", {}));
  console.log(
    `${count} bots on ${name}: list ${list.toFixed(0)} ms, overview ${
      overview.toFixed(0)
    } ms (wanted: under ` +
      `${WANTED_MS}); a read of all documents ${read.toFixed(0)} ms (medians of ${ROUNDS})`,
  );
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const begin = performance.now();
    await work();
    times.push(performance.now() - begin);
  }
  return median(times);
}
