/**
 * How fast the dashboard is with many bots: `deno run -A tests/bench/dashboard_bench.ts [BOTS] [MINUTES] [running]`.
 * Prints the time from the request of the page to its rows, that of a filter, what page and service keep in memory while
 * bots change, and what the service costs with nobody looking. The bots are disabled, or, with `running`, each has a
 * container that runs.
 *
 * @module
 */

import process from "node:process";
import { BrowserFixture } from "../support/fixtures/browser_fixture.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { freePort } from "../support/servers/free_port.ts";
import { pause, until } from "../support/until.ts";

const [count = 500, minutes = 1] = Deno.args.slice(0, 2).map(Number);
const isRunning = Deno.args[2] === "running";
const MEGABYTE = 1024 * 1024;
/** Duration of the measurement, in ms: a resync comes once a minute. */
const IDLE_MS = 60_000;
const CHANGES_PER_SECOND = 10;
const ROWS = "document.querySelectorAll('table.bots tbody th.name').length";

const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;

await using service = await ServiceFixture.open({
  engine: true,
  env: { HTTP_ADDR: `127.0.0.1:${freePort()}`, RECONCILE_INTERVAL: "60" },
});
const idOf = (at: number) => `bot-${String(at).padStart(4, "0")}`;
let code: Record<string, unknown> = {
  version: "1.0.0",
  filePath: "bot/1",
  config: { runtime: "python3.11", entrypoints: { bot: "main.py" } },
};
if (isRunning) code = await deployCode();
/** A change of labels replaces no container. */
async function write(at: number, size: number): Promise<void> {
  const berth = { labels: { team: `team-${at % 5}`, size: String(size) } };
  const body = { enabled: isRunning, config: { berth }, custom: { ...code, version: `1.${at % 7}.0` } };
  await service.client.call("putBot", { params: { id: idOf(at) }, body });
}
const begin = performance.now();
for (let at = 0; at < count; at++) await write(at, 1);
if (isRunning) {
  await until("all bots run", async () => {
    const { bots } = await service.client.call("getOverview", {});
    return bots.filter(({ state }) => state === "running").length >= count;
  }, 20 * 60_000);
  console.log(`${count} bots run after ${((performance.now() - begin) / 1000).toFixed(0)} s`);
}

/** Deploys a bot that sleeps, and removes it: its code stays. */
async function deployCode(): Promise<Record<string, unknown>> {
  const folder = `${service.temp}/sleeper`;
  await Deno.mkdir(folder);
  await Deno.writeTextFile(
    `${folder}/bot-config.yaml`,
    "name: sleeper\nversion: 1.0.0\nruntime: bash\nentrypoints: { bot: main.sh }\n",
  );
  await Deno.writeTextFile(`${folder}/main.sh`, "exec sleep infinity\n");
  const { code, output } = await service.berth("deploy", folder);
  if (code !== 0) throw new Error(output);
  const { document } = await service.client.call("getBot", { params: { id: "sleeper" } });
  await service.client.call("deleteBot", { params: { id: "sleeper" } });
  return document!.custom as Record<string, unknown>;
}

await using browser = await BrowserFixture.open(service);
await browser.until("the rows are there", `${ROWS} > 5`);
const paints: number[] = [];
for (let round = 0; round < 5; round++) {
  await browser.page.reload({ waitUntil: "domcontentloaded" });
  await browser.until("the rows are there", `${ROWS} > 5`);
  paints.push(
    await browser.read(`new Promise((resolve) => requestAnimationFrame(() => resolve(performance.now())))`),
  );
}
console.log(`${count} bots; from the request to the rows: ${median(paints).toFixed(0)} ms (median of 5)`);

const filter = `(async () => {
  const input = document.querySelector("#find");
  const times = [];
  for (const text of ["bot-00", "", "team-3", "1.4", "", "bot-0123", ""]) {
    const from = performance.now();
    input.value = text;
    input.dispatchEvent(new InputEvent("input", { bubbles: true }));
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    times.push(performance.now() - from);
  }
  return times;
})()`;
const filters = await browser.read<number[]>(filter);
console.log(
  `filter to the frame after it: median ${median(filters).toFixed(1)} ms, longest ${
    Math.max(...filters).toFixed(1)
  } ms`,
);
console.log(`rows that exist: ${await browser.read(ROWS)}`);

const session = await browser.page.createCDPSession();
async function memory(): Promise<string> {
  await session.send("HeapProfiler.collectGarbage");
  const { JSHeapUsedSize = 0, Nodes = 0 } = await browser.page.metrics();
  // Exact with `--v8-flags=--expose-gc`.
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed } = Deno.memoryUsage();
  const [page, heap, all] = [JSHeapUsedSize, heapUsed, rss].map((bytes) => (bytes / MEGABYTE).toFixed(1));
  return `page ${page} MB in ${Nodes} nodes, service and bench ${heap} MB on the heap, ${all} MB in all`;
}
console.log(`at first: ${await memory()}`);
for (let minute = 1; minute <= minutes; minute++) {
  const end = performance.now() + 60_000;
  for (let turn = 0; performance.now() < end; turn++) {
    const from = performance.now();
    await Promise.all(
      Array.from(
        { length: CHANGES_PER_SECOND },
        (_, at) => write((turn * CHANGES_PER_SECOND + at) % count, turn),
      ),
    );
    await pause(Math.max(1, 1000 - (performance.now() - from)), "the rate of the changes");
  }
  console.log(`after ${minute} min of ${CHANGES_PER_SECOND} changes a second: ${await memory()}`);
}

await browser.page.close();
await pause(5000, "the service notices that nobody looks");
const before = process.cpuUsage();
await pause(IDLE_MS, "the service works by itself");
const { user, system } = process.cpuUsage(before);
const share = (user + system) / 1000 / IDLE_MS;
console.log(
  `nobody looks: service and bench take ${(100 * share).toFixed(1)} % of a core, over ${IDLE_MS / 1000} s`,
);
