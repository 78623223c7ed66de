/**
 * The cost of storing the logs of many bots that print a line a second each: processor time, and requests to the object
 * store.
 *
 * @module
 */

import process from "node:process";
import { connectMinio } from "../../lib/objects/minio/connect_minio.ts";
import { MinioObjectStore } from "../../lib/objects/minio/minio_object_store.ts";
import { Limiter } from "../../lib/util/limiter.ts";
import { LogCollector } from "../../lib/logs/log_collector.ts";
import { EngineFixture } from "../support/fixtures/engine_fixture.ts";
import { pause } from "../support/until.ts";

const BOTS = Number(Deno.env.get("BERTH_BENCH_LOG_BOTS") || 200);
const INTERVALS = 2;
const INTERVAL_SECONDS = 30;
const PROGRAM =
  "i=0; while :; do echo $i the price of something, and what was thought of it; i=$((i+1)); sleep 1; done";

const endpoint = Deno.env.get("MINIO_ENDPOINT");
if (!endpoint) throw new Error("Set MINIO_ENDPOINT, or run the benchmarks with `./berth bench`.");
const [host = "", port] = endpoint.split(":");
const client = connectMinio({
  endPoint: host,
  port: Number(port),
  useSSL: Deno.env.get("MINIO_SSL") === "true",
  accessKey: Deno.env.get("MINIO_ACCESS_KEY") ?? "",
  secretKey: Deno.env.get("MINIO_SECRET_KEY") ?? "",
});
let requests = 0;
client.traceOn(
  {
    write: (text: string) => {
      if (text.startsWith("REQUEST")) requests++;
      return true;
    },
  } as unknown as Parameters<typeof client.traceOn>[0],
);
const store = new MinioObjectStore(client);
const bucket = `berth-bench-${crypto.randomUUID().slice(0, 8)}`;
const idle = (seconds: number) => pause(seconds * 1000, "the collector has nothing to do");

await using engine = await EngineFixture.open();
await store.ensureBucket(bucket);
try {
  const limit = new Limiter(4);
  const containers = await Promise.all(Array.from({ length: BOTS }, (_, n) =>
    limit.run(async () => {
      const spec = engine.spec(["sh", "-c", PROGRAM]);
      const { id: containerId, createdAt } = await engine.orchestrator.createAndStart(spec);
      return { containerId, createdAt, id: `bot-${n}` };
    })));
  await using collector = new LogCollector({
    orchestrator: engine.orchestrator,
    store,
    bucket,
    intervalMs: INTERVAL_SECONDS * 1000,
  });
  for (const container of containers) collector.start(container);
  // The first writes look for what is there.
  await idle(INTERVAL_SECONDS * 1.5);
  const before = { requests, cpu: process.cpuUsage(), time: performance.now() };
  await idle(INTERVAL_SECONDS * INTERVALS);
  const { user, system } = process.cpuUsage(before.cpu);
  const seconds = (performance.now() - before.time) / 1000;
  const perInterval = (requests - before.requests) / (seconds / INTERVAL_SECONDS);
  const core = (user + system) / 1e6 / seconds * 100;
  console.log(`${BOTS} bots, a line a second each, stored every ${INTERVAL_SECONDS} s in MinIO`);
  console.log(`processor            ${core.toFixed(1)} % of a core (under 10 %)`);
  console.log(
    `requests             ${perInterval.toFixed(0)} to the object store in an interval, ` +
      `${(perInterval / BOTS).toFixed(2)} for each bot`,
  );
} finally {
  for await (const { key } of store.list(bucket, "")) await store.delete(bucket, key);
  await client.removeBucket(bucket);
}
