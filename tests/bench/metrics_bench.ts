/**
 * Measures a scrape with 500 bots, by TCP with a token, and what a measurement of real containers costs the engine. Run
 * with `deno run -A tests/bench/metrics_bench.ts`; the second half needs an engine and its images.
 *
 * @module
 */

import { MetricSeries } from "../../lib/logs/metric_series.ts";
import type { ManagedContainer, Runner } from "../../lib/runner/runner.ts";
import { ApiListener } from "../../services/api/api_listener.ts";
import { composeServices } from "../../services/compose.ts";
import { parseServiceConfig } from "../../services/config.ts";
import { UsageSampler } from "../../services/metrics/usage_sampler.ts";
import { deployScript } from "../support/fixtures/deploy_support.ts";
import { ServiceFixture } from "../support/fixtures/service_fixture.ts";
import { until } from "../support/until.ts";

const BOTS = 500;
const METRICS = ["equity", "pnl", "position", "price", "orders"];
const SCRAPES = 200;
const CONTAINERS = 20;

await scrapes();
await measurements();

/** The service without an engine: the bench sets the status of its bots. */
async function scrapes(): Promise<void> {
  const temp = await Deno.makeTempDir({ prefix: "berth-bench-" });
  try {
    const config = parseServiceConfig({
      HOME: temp,
      TEMP_DIR: `${temp}/runtime`,
      DATA_DIR: `${temp}/data`,
      BERTH_INSTANCE: "bench",
      HTTP_ADDR: "127.0.0.1:0",
      METRICS_ALLOW: METRICS.join(),
    });
    const runner = fakeRunner();
    const store = { get: () => {}, list: async function* () {} };
    await using services = await composeServices(config, { runner, store } as never);
    await services.stores.records.open();
    const listener = await ApiListener.listen(services.api, {
      socket: `${temp}/api.sock`,
      tcp: config.http!,
    });
    await using _ = listener;
    for (const { id, containerId } of containers()) {
      services.bots.state.setRunningBot({
        id,
        containerId,
        attempt: 1,
        startedAt: new Date(),
        condition: { type: "running" },
      });
      services.bots.state.report({
        type: "exited",
        id,
        containerId,
        attempt: 1,
        at: new Date(),
        startedAt: new Date(),
        exit: { exitCode: 1 },
      });
      services.bots.state.report({ type: "started", id, containerId, attempt: 2, at: new Date() });
    }
    const token = await tokenOf(`${temp}/api.sock`);
    const headers = { authorization: `Bearer ${token}` };
    const url = `http://127.0.0.1:${listener.port}/metrics`;
    const scrape = async () => {
      const beganAt = performance.now();
      const page = await (await fetch(url, { headers })).text();
      return { ms: performance.now() - beganAt, page };
    };
    const first = await scrape();
    await until("all is measured", async () => (await scrape()).page.includes("berth_bot_memory_bytes{"));
    const times: number[] = [];
    let page = "";
    for (let n = 0; n < SCRAPES; n++) {
      const one = await scrape();
      times.push(one.ms);
      page = one.page;
    }
    times.sort((a, b) => a - b);
    const series = page.split("\n").filter((line) => line !== "" && !line.startsWith("#")).length;
    console.log(
      `${BOTS} bots with ${METRICS.length} metrics each: ${series} series, ${
        Math.round(page.length / 1024)
      } KB; ` +
        `first scrape ${first.ms.toFixed(0)} ms, then median ${times[SCRAPES / 2]!.toFixed(1)} ms, ` +
        `99 % below ${times[Math.floor(SCRAPES * 0.99)]!.toFixed(1)} ms`,
    );
  } finally {
    await Deno.remove(temp, { recursive: true });
  }
}

/** Measures how long the engine takes to measure real containers. */
async function measurements(): Promise<void> {
  await using service = await ServiceFixture.open({ engine: true });
  const script = "import time\ndef main(id, config):\n    while True: time.sleep(1)\n";
  for (let n = 0; n < CONTAINERS; n++) await deployScript(service.client, { id: `bot-${n}`, script });
  await until(
    "all run",
    async () =>
      (await service.client.call("listBots", { query: {} })).bots.every(({ state }) => state === "running"),
    120_000,
  );
  const times: number[] = [];
  for (let n = 0; n < 9; n++) {
    const beganAt = performance.now();
    await using sampler = new UsageSampler({ runner: service.composed.runner });
    await sampler.measure(new AbortController().signal);
    times.push(performance.now() - beganAt);
  }
  times.sort((a, b) => a - b);
  console.log(`a measurement of ${CONTAINERS} containers takes ${times[4]!.toFixed(0)} ms`);
}

function containers(): ManagedContainer[] {
  const createdAt = new Date();
  return Array.from({ length: BOTS }, (_, n) => ({
    id: `bot-${n}`,
    containerId: `container-${n}`,
    containerName: `bot-${n}`,
    kind: "bot",
    phase: "running",
    attempt: 1,
    createdAt,
  } as unknown as ManagedContainer));
}

function fakeRunner(): Runner {
  const series = new MetricSeries();
  for (const { id } of containers()) {
    for (const name of METRICS) {
      series.record(id, "2026-01-31T12:00:00Z", `{"_metric":"${name}","value":${Math.random()}}`);
    }
  }
  const usage = { time: new Date(), cpuSeconds: 1.5, memoryBytes: 5e7, memoryLimitBytes: 5e8, processes: 3 };
  return {
    listManagedContainers: () => Promise.resolve(containers()),
    getUsage: () => Promise.resolve(usage),
    latestMetric: (id: string, type: string) => series.latest(id, type),
  } as unknown as Runner;
}

async function tokenOf(socket: string): Promise<string> {
  using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
  const response = await fetch("http://berth/api/tokens", {
    client,
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name: "prometheus", role: "read" }),
  });
  return (await response.json()).value;
}
